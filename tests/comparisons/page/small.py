"""A page of all programs and one of everything else, made in seconds: claims, audits and plots."""

import jax.numpy as jnp
import numpy as np

import purenet
from comparisons import exhibits, page, puzzle
from comparisons.claims import Audit, close, equal, fact
from comparisons.exhibition import Exhibition
from comparisons.measures.detection import plants
from comparisons.measures.detection.verdicts import Verdict
from comparisons.measures.speed import tools
from comparisons.measures.speed.tools import Time
from comparisons.measures.training.contenders import MUTATING
from comparisons.measures.training.curves import Curves
from comparisons.measures.v_curve import Curve
from comparisons.page.samples import Samples
from comparisons.runs import Outcome, title
from purenet.fd.stencils import ORDERS
from purenet.purity import Finding, PurityReport

_CLAIMS = (
    close("two matrices", mutating=np.eye(3), pure=np.eye(3), tolerance=1e-12),
    equal("a number", mutating=107, pure=107, expected=107),
    fact("one that fails", holds=False, mutating="IndexError", pure="a long word " * 20),
    *(fact(f"claim {number}", holds=True, pure=1.0) for number in range(5)),
)
_FINDING = Finding("ignored-parameter", "W", "m.py:3", "Nothing reads W.", "read W")
_AUDITS = (
    Audit("lambda W: net.loss(x, t)", PurityReport("f", (_FINDING,))),
    Audit("loss(params, x, t)", PurityReport("loss", ())),
)


def document() -> str:
    """The page."""
    answered = puzzle.answered()
    runs = [
        Outcome(
            name,
            Exhibition(name, title(name), _CLAIMS, answered.ablation, ("A note.",), _AUDITS),
            1.0,
        )
        for name in exhibits.NAMES
    ]
    return page.document(puzzle.asked(), answered, runs, samples())


def samples() -> Samples:
    """A little of everything that the page draws."""
    steps = 2.0 ** -np.arange(0, 46, 5)
    return Samples(
        purenet.compare_grads(lambda w: jnp.sum(jnp.sin(w)), jnp.arange(3.0), modes=("rev",)),
        [
            Curve(dtype, order, steps, steps**order + 1e-12 / steps, 1e-3, 1e-6)
            for dtype in ("float64", "float32")
            for order in ORDERS
        ],
        {
            size: {tools.INCREMENTAL: Time(size / 1e4), tools.LOOP: Time(size / 10.0)}
            for size in (100, 1000)
        },
        Curves("digits", 10, {MUTATING: np.geomspace(2.0, 0.1, 200)}, {MUTATING: 90.0}),
        [
            Verdict("softmax", "float64", kind, None, "purenet", kind != plants.NOTHING, 1.0)
            for kind in (plants.NOTHING, plants.IGNORED)
        ],
    )
