"""The book's backward passes on trial: a dozen planted mistakes, one of its own."""

from functools import partial

import jax
import numpy as np

from comparisons.claims import Claim, close, fact
from comparisons.exhibition import Ablation, Exhibition, ablate
from comparisons.exhibits.backward_pass import audits, checkers, pure
from comparisons.exhibits.backward_pass.cases import Arrays, Case, book_loss, cases
from comparisons.exhibits.backward_pass.checkers import ENOUGH, Backward
from comparisons.exhibits.backward_pass.mistakes import MISTAKES, Mistake
from comparisons.exhibits.backward_pass.mutating import Affine
from comparisons.settings import Settings


def run(settings: Settings) -> Exhibition:
    """Check the book's loss, each mistake, and each layer as it is, by three checkers."""
    layers = cases()
    claims = _book_loss(layers["SoftmaxWithLoss"])
    for mistake in settings.track(MISTAKES, "a mistake in each"):
        claims.append(_mistake(mistake, layers[mistake.layer]))
    for name in settings.track(list(layers), "each layer as it is"):
        claims += _layer(name, layers[name])
    affine = layers["Affine"]
    examined, diagnoses = audits.run(affine.params, affine.inputs["x"])
    note = (
        f"The book's check passes a mean absolute difference of up to {ENOUGH:.0e}; gradcheck is "
        "PyTorch's slow mode at its defaults, where it is installed."
    )
    return Exhibition(
        "backward_pass",
        (__doc__ or "").splitlines()[0],
        (*claims, *diagnoses),
        _ablation(affine.params, affine.inputs["x"]),
        (note,),
        tuple(examined),
    )


def _layer(name: str, case: Case) -> list[Claim]:
    """Forward and backward beside the twin, and what the checkers say of backward."""
    outputs, pull = jax.vjp(case.twin, case.params, *case.inputs.values())
    ones = jax.tree.map(np.ones_like, jax.tree.map(np.asarray, outputs))
    of_params, *of_inputs = pull(ones)
    report = checkers.by_purenet(case, case.backward)
    return [
        close(
            f"{name}: forward gives what the pure layer gives",
            mutating=_flat(case.forward(case.params, case.inputs)),
            pure=_flat(outputs),
            tolerance=1e-13,
        ),
        close(
            f"{name}: backward gives what jax.vjp of the pure layer gives",
            mutating=_flat(case.backward(case.params, case.inputs, ones)),
            pure=_flat((of_params, dict(zip(case.inputs, of_inputs, strict=True)))),
            tolerance=1e-13,
        ),
        fact(
            f"{name}: backward is proved, row by row",
            holds=report.ok,
            mutating=_others(case, case.backward),
            pure=f"purenet: {report.compared:,} derivatives agree",
        ),
    ]


def _book_loss(right: Case) -> list[Claim]:
    """The loss with 1e-7 in its logarithm, which its backward knows nothing of."""
    case = book_loss(right)
    report, without = (checkers.by_purenet(one, one.backward) for one in (case, right))
    worst, best = report.worst, without.worst
    assert worst is not None
    assert best is not None
    twin = jax.grad(lambda x: case.twin({}, x))(case.inputs["x"])
    by_twin = checkers.by_purenet(case, lambda *args: ({}, {"x": args[-1] * np.asarray(twin)}))
    relative = abs(worst.by_jax / worst.by_differences - 1)
    return [
        fact(
            "the book's SoftmaxWithLoss.backward is not the derivative of its own loss, whose "
            "log(y + 1e-7) it ignores",
            holds=report.verdict == "disagrees" and worst.bounds > 1e5,
            mutating=_others(case, case.backward),
            pure=f"purenet: {relative:.0e} off, {worst.bounds:.0e} bounds apart",
        ),
        fact(
            "without the 1e-7 the same backward is right",
            holds=without.ok and best.bounds < 1,
            pure=f"purenet: {best.bounds:.2g} bounds apart",
        ),
        fact(
            "jax.grad of the pure loss, with the 1e-7, is the derivative of the book's loss",
            holds=by_twin.ok,
            pure=f"purenet: {by_twin.compared} derivatives agree",
        ),
    ]


def _mistake(mistake: Mistake, case: Case) -> Claim:
    """What the checkers say of one mistake; purenet has to name the leaves that it spoils."""
    backward = partial(mistake.wrong, case)
    report = checkers.by_purenet(case, backward)
    wrong = {leaf.path: leaf.patterns for leaf in report.leaves if not leaf.ok}
    said = [pattern for patterns in wrong.values() for pattern in patterns]
    return fact(
        f"found in {mistake.layer}: {mistake.what}",
        holds=set(wrong) == mistake.leaves(case) and mistake.pattern in "; ".join(said),
        mutating=_others(case, backward),
        pure=f"purenet: {', '.join(wrong)} disagree" + (f": {said[0]}" if mistake.pattern else ""),
    )


def _others(case: Case, backward: Backward) -> str:
    """What the book's check and gradcheck say."""
    mean = checkers.by_book(case, backward)
    passes = checkers.by_gradcheck(case, backward)
    torch = "not installed" if passes is None else "passes" if passes else "fails"
    return f"book's check {'passes' if mean <= ENOUGH else 'fails'} ({mean:.0e}), gradcheck {torch}"


def _flat(tree: object) -> np.ndarray:
    return np.concatenate([np.ravel(leaf) for leaf in jax.tree.leaves(tree)])


def _ablation(params: Arrays, x: np.ndarray) -> Ablation:
    layer = Affine(params["W"].copy(), params["b"])

    def set_state(W: np.ndarray) -> None:
        layer.W[...] = W

    return ablate(
        argument="W",
        state="layer.W",
        mutating=lambda _: np.sum(layer.forward(x) ** 2),
        pure=lambda W: np.sum(np.asarray(pure.affine({"W": W, "b": params["b"]}, x)) ** 2),
        unchanged=params["W"],
        changed=2 * params["W"],
        set_state=set_state,
    )
