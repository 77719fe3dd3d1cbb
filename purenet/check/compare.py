"""compare_grads and check_grads: a derivative, JAX's or one's own, proved or refuted."""

import os
import time
from collections.abc import Callable, Sequence
from typing import Any

import jax
import numpy as np

from purenet import jaxprs, trees
from purenet.check.answers import MisshapenError
from purenet.check.by_jax import MODES
from purenet.check.comparison import Comparison
from purenet.check.dependence import Dependence, dependence, flat, held, ignored
from purenet.check.derivatives import compare_derivatives
from purenet.check.options import checked_options, seed_of
from purenet.check.report import GradientMismatch, GradientReport, GradientUndecided
from purenet.check.rule import given_rule
from purenet.check.rules import faulty
from purenet.check.samplers import without_draws
from purenet.check.subject import decided, held_constant, narrow, traced_or_on_host, unsteady
from purenet.check.taylor import opinion
from purenet.fd.point import Point
from purenet.fd.requirements import require_base_point, require_known, require_numbers
from purenet.fd.setup import Setup
from purenet.fd.watch import Watch
from purenet.progress import counted

_OPINIONS = 3  # disagreements that get a second opinion


def check_grads(
    loss: Callable,
    params: Any,
    *data: Any,
    argnums: int | Sequence[int] = 0,
    gradient: Any = None,
    vjp: Callable | None = None,
    jvp: Callable | None = None,
    order: int = 1,
    modes: Sequence[str] = MODES,
    has_aux: bool = False,
    allow_int: bool = False,
    allow_unused: bool = False,
    allow_undecided: bool | Sequence[str] = (),
    rtol: float = 0.0,
    budget: float | int = 10.0,
    key: jax.Array | None = None,
    progress: bool | None = None,
    checkpoint: str | os.PathLike | None = None,
    **options: Any,
) -> GradientReport:
    """Prove that a function's derivative is right, or raise an error that says where it is not.

    That is JAX's derivative, or, with ``gradient``, ``vjp`` or ``jvp``, one that you have written.

    Every coordinate is compared with an extrapolated finite difference in float64, whatever the
    function's dtype, and may differ from it by the error bound of that difference and the rounding
    of JAX's own program, both measured: there is no tolerance to choose. (A float32 program that
    disagrees is allowed 128 roundings of float32 besides, 1.5e-5 relative, by which approximations
    made for float32 miss their own derivative rules.)

    A derivative is proved only where a real error would have shown: where bound and rounding are
    below a hundredth of its leaf's largest derivative. A leaf of which fewer than half are proved
    is undecided, and so is the check.

    Reverse mode is compared at every coordinate, forward mode along ten random directions, by the
    differences already known; where it is wrong, or compared alone, at every coordinate too if
    there are few. Where comparing every coordinate would take longer than ``budget``, both are
    compared along ten random directions (fewer if each takes long), and a disagreement is traced
    to its coordinates by bisection.

    The loss is run twice, to see that it repeats; all else is computed from its program.

    A function that JAX cannot trace (NumPy, PyTorch, SciPy, a simulator) is called as it is, once a
    point, and needs a derivative that is given. Each of its arguments is then a fresh copy of the
    caller's own type, a writable NumPy array or a PyTorch tensor: the caller's are never written
    to. It is evaluated in float64; arrays of float32 inside of it are named.

    Before any derivative is compared, a function that is not deterministic, or that ignores a
    parameter, is reported as such: zero on both sides is not agreement.

    Args:
        loss: ``loss(params, *data)``, any function that JAX can differentiate: a scalar loss, or
            any tree of arrays (then by vjp and jvp).
        params: any pytree of floating-point leaves.
        data: the other arguments.
        argnums: which arguments to differentiate, as in jax.grad.
        gradient: the derivative to check in place of JAX's: a function of what loss takes, or the
            numbers themselves; in the tree of jax.grad, for array outputs of jax.jacrev. None
            stands for zeros.
        vjp: the same as ``vjp(*args, cotangent)``: the cotangent of each of argnums, a tuple where
            argnums is one. All rows are compared where they are few, else a weighted sum of them.
        jvp: the same as ``jvp(*args, tangent)``: the output's tangent. The tangent is a tuple where
            argnums is one; it is asked for every coordinate where they are few, else along
            directions.
        order: 1, or 2 to prove the gradient's own derivative as well.
        modes: "rev" (jax.grad, jax.vjp), "fwd" (jax.jvp) or both. A mode that JAX does not have for
            the function is noted, as long as the other is there.
        has_aux: whether loss returns ``(output, aux)``.
        allow_int: skip integer, boolean and key leaves.
        allow_unused: whether parameters may be ignored.
        allow_undecided: paths of the leaves that need no verdict, such as ``("params['table']",)``;
            True for all of them.
        rtol: an inexactness that you know of in the derivative itself, below 0.01: an adjoint that
            interpolates, a solver that stops early. Every derivative may then be off by that
            fraction of its leaf's largest one. It is printed with the verdict.
        budget: seconds that a check may take beside compiling the gradient, by counted work. It is
            never so short that no direction is compared.
        key: draws the directions and projections, always the same ones by default.
        progress: whether to show how far a check is that takes more than two seconds, on the error
            output: a bar, or where that is piped a line every ten seconds. By default a bar, on a
            terminal, and nothing in pytest.
        checkpoint: a folder in which the values of a long check are kept as they are computed. A
            check that was killed goes on from there when it is called again, and ends with the same
            report. It is not removed.
        options: max_memory, strategy and mesh of the finite differences, as in `purenet.fd.grad`.
            With a given derivative, strategy "host" calls also what JAX could trace.

    Returns:
        The `GradientReport`, whose ``ok`` is True.

    Raises:
        GradientMismatch: where the two disagree; an AssertionError with the report as its message,
            and in ``report``.
        GradientUndecided: likewise, where too little can be told: no error of a hundredth of a
            leaf's largest derivative would have shown.
        TypeError, ValueError: as `purenet.fd.grad`, for a call that cannot be differenced; and for
            a function that JAX cannot trace where no derivative is given.

    >>> import jax.numpy as jnp
    >>> import numpy as np
    >>> check_grads(lambda p, x: jnp.sum((p["w"] * x) ** 2), {"w": jnp.ones(3)}, 2.0).ok
    True
    >>> W = jnp.ones(3)
    >>> check_grads(lambda p: jnp.sum(W**2), W)
    Traceback (most recent call last):
        ...
    purenet.check.report.GradientMismatch: <lambda> ignores p; the value comes from the captured
    array `W`; ...

    A gradient of your own, as a function or as numbers; a layer's backward pass; a jvp:

    >>> def loss(w, x):
    ...     return np.mean(np.tanh(np.asarray(x) @ w) ** 2)
    >>> def gradient(w, x):
    ...     y = np.tanh(x @ w)
    ...     return x.T @ (2 * y * (1 - y**2)) / len(x)
    >>> w, x = np.array([0.5, -1.0]), np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 0.0]])
    >>> check_grads(loss, w, x, gradient=gradient).ok
    True
    >>> check_grads(loss, w, x, gradient=gradient(w, x)).ok
    True
    >>> print(compare_grads(loss, w, x, gradient=lambda w, x: len(x) * gradient(w, x)))
    loss: the given derivative disagrees at 2 of 2 derivatives
      w[...]: given ..., finite difference ... ± ...  (given)
        w: given is 3 times the finite difference: perhaps a mean was taken for a sum over the batch
    ...
    >>> def layer(x, W):
    ...     return np.matmul(x, W)
    >>> def backward(x, W, cotangent):
    ...     return cotangent @ W.T, x.T @ cotangent
    >>> check_grads(layer, x, np.ones((2, 3)), argnums=(0, 1), vjp=backward).ok
    True
    >>> check_grads(layer, x, np.ones((2, 3)), jvp=lambda x, W, tangent: tangent @ W).ok
    True

    One that is known to be off by up to a thousandth of the largest entry:

    >>> rough = np.round(gradient(w, x), 4)
    >>> print(check_grads(loss, w, x, gradient=rough, rtol=1e-3))
    loss: the given derivative agrees at all 2 derivatives compared, given rtol=0.001 of the largest
    ...
    >>> check_grads(loss, w, x)
    Traceback (most recent call last):
        ...
    TypeError: got loss, which JAX cannot trace, ...; pass one:
    check_grads(loss, w, ..., gradient=my_gradient), ...
    """
    __tracebackhide__ = True  # pytest shows the call and the report
    report = compare_grads(
        loss,
        params,
        *data,
        argnums=argnums,
        gradient=gradient,
        vjp=vjp,
        jvp=jvp,
        order=order,
        modes=modes,
        has_aux=has_aux,
        allow_int=allow_int,
        allow_unused=allow_unused,
        allow_undecided=allow_undecided,
        rtol=rtol,
        budget=budget,
        key=key,
        progress=progress,
        checkpoint=checkpoint,
        **options,
    )
    if report.partial:
        raise KeyboardInterrupt(str(report))
    if report.verdict == "disagrees":
        raise GradientMismatch(report)
    if report.verdict == "undecided":
        raise GradientUndecided(report)
    return report


def compare_grads(
    loss: Callable,
    params: Any,
    *data: Any,
    argnums: int | Sequence[int] = 0,
    gradient: Any = None,
    vjp: Callable | None = None,
    jvp: Callable | None = None,
    order: int = 1,
    modes: Sequence[str] = MODES,
    has_aux: bool = False,
    allow_int: bool = False,
    allow_unused: bool = False,
    allow_undecided: bool | Sequence[str] = (),
    rtol: float = 0.0,
    budget: float | int = 10.0,
    key: jax.Array | None = None,
    progress: bool | None = None,
    checkpoint: str | os.PathLike | None = None,
    **options: Any,
) -> GradientReport:
    """The report of `check_grads`, with the same arguments; it never raises on a disagreement.

    After Ctrl-C it returns what was compared until then: the report's ``partial`` is True.

    >>> import jax.numpy as jnp
    >>> report = compare_grads(lambda p, x: jnp.sum((p["w"] * x) ** 2), {"w": jnp.ones(3)}, 2.0)
    >>> report.ok, [(leaf.path, leaf.mode) for leaf in report.leaves], report.directions
    (True, [("p['w']", 'rev')], 10)
    """
    start, name = time.perf_counter(), trees.function_name(loss)
    rule = given_rule(gradient, vjp, jvp)
    chosen = checked_options(
        rule,
        order=order,
        modes=modes,
        allow_unused=allow_unused,
        allow_undecided=allow_undecided,
        rtol=rtol,
        budget=budget,
        progress=progress,
        checkpoint=checkpoint,
        **options,
    )
    seed = seed_of(key)
    with jaxprs.own_settings():
        args = (params, *data)
        point = Point.of(loss, args, {}, argnums=argnums, has_aux=has_aux, allow_int=allow_int)
        shown = counted(progress)
        watch = Watch(checkpoint, shown)
        require_numbers(point)
        require_base_point(point)
        traced = traced_or_on_host(point, chosen, rule, watch)
        if isinstance(traced, jaxprs.Traced):
            require_known(point, traced.constants)
        failure = unsteady(point, traced, name)
        side = "jax" if rule is None else "given"
        if failure:
            return GradientReport(
                name, failures=(failure,), seconds=time.perf_counter() - start, side=side
            )
        try:
            comparison = compare_derivatives(
                point,
                traced,
                chosen,
                order=order,
                modes=tuple(modes),
                budget=budget,
                seed=seed,
                depends=lambda setup: _depends(setup, point, allow_unused),
                flat=None if allow_unused else lambda target, leaf: flat(target, leaf, name),
                shapes=_other_shapes(args, point),
                rule=rule,
                rtol=rtol,
                watch=watch,
            )
        except MisshapenError as misshapen:
            comparison = Comparison(failures=misshapen.args)
        finally:
            shown.close()
        notes = [*held_constant(point), *narrow(point, traced), *decided(traced)]
        suspect = comparison.suspects[0] if comparison.suspects and rule is None else None
        rules = faulty(suspect.target, chosen, seed) if suspect else []
        if rule is None:
            comparison = without_draws(comparison)
        if rules and not comparison.failures and all(leaf.ok for leaf in comparison.leaves):
            wrong = f"{name}: a custom derivative rule is wrong by itself, which no draw explains"
            comparison = comparison._replace(failures=[wrong])
        return GradientReport(
            function=name,
            leaves=tuple(comparison.leaves),
            failures=tuple(comparison.failures),
            culprits=tuple(comparison.culprits),
            rules=tuple(rules),
            opinions=tuple(filter(None, map(opinion, comparison.suspects[:_OPINIONS]))),
            notes=tuple(dict.fromkeys([*comparison.notes, *held(loss), *notes])),
            method=comparison.method,
            undecided=tuple(comparison.undecided),
            directions=comparison.directions,
            allow_undecided=allow_undecided
            if isinstance(allow_undecided, bool)
            else tuple(allow_undecided),
            evaluations=comparison.evaluations,
            seconds=time.perf_counter() - start,
            side=side,
            rtol=rtol,
            partial=comparison.partial,
        )


def _depends(setup: Setup, point: Point, allow_unused: bool) -> Dependence:
    found = dependence(setup)
    return found if allow_unused else found._replace(failures=ignored(point, found.states))


def _other_shapes(args: tuple, point: Point) -> list[tuple[int, ...]]:
    """The shapes of the arguments' arrays that are not differentiated."""
    differentiated = {id(leaf) for leaf in point.leaves}
    leaves = [leaf for leaf in jax.tree.leaves(args) if id(leaf) not in differentiated]
    return [np.shape(leaf) for leaf in leaves if hasattr(leaf, "shape")]
