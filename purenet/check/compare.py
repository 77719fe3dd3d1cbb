"""compare_grads: jax.grad and the finite difference of one loss, leaf by leaf, never raising."""

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from purenet import trees
from purenet.check.report import GradientReport, LeafReport
from purenet.fd.options import checked
from purenet.fd.transforms import gradient_and_setup


def compare_grads(
    loss: Callable,
    params: Any,
    *data: Any,
    argnums: int | Sequence[int] = 0,
    **options: Any,
) -> GradientReport:
    """Hold jax.grad(loss) against fd.grad(loss) and report, leaf by leaf, how they compare.

    A coordinate agrees where the two differ by no more than the square root of the machine epsilon
    of the leaf's dtype times the leaf's largest derivative, plus the rounding of the loss itself:
    one epsilon of its value over the leaf's largest parameter, and what it puts into a central
    difference.

    Args:
        loss: ``loss(params, *data) -> scalar``, differentiable by JAX.
        params: any pytree of floating-point leaves.
        data: the loss's other arguments.
        argnums: which arguments to differentiate, as in jax.grad.
        options: those of `fd.grad`.

    Returns:
        A `GradientReport`; disagreement shows in ``report.ok`` and its rows, and does not raise.

    Raises:
        TypeError, ValueError: as `fd.grad`, for a call that cannot be differenced at all.

    >>> import jax.numpy as jnp
    >>> report = compare_grads(lambda p, x: jnp.sum((p["w"] * x) ** 2), {"w": jnp.ones(3)}, 2.0)
    >>> report.ok, [leaf.path for leaf in report.leaves]
    (True, ["p['w']"])
    """
    args = (params, *data)
    by_differences, setup = gradient_and_setup(loss, args, argnums, checked(**options))
    by_jax = jax.grad(loss, argnums)(*args)
    value = float(loss(*args))
    rows = zip(
        setup.paths,
        setup.problem.leaves,
        jax.tree.leaves(by_jax),
        jax.tree.leaves(by_differences),
        setup.strategies,
        strict=True,
    )
    return GradientReport(tuple(_compare_leaf(*row, value) for row in rows))


def _compare_leaf(
    path: str, leaf: Any, by_jax: Any, by_differences: Any, strategy: str, value: float
) -> LeafReport:
    eps = float(jnp.finfo(by_jax.dtype).eps)
    kind = complex if jnp.iscomplexobj(by_jax) else float
    jax_side, fd_side = np.asarray(by_jax, kind), np.asarray(by_differences, kind)
    if jax_side.size == 0:
        return LeafReport(path, jax_side.shape, 0.0, 0.0, 0.0, path, 0.0, 0.0, 0, strategy)
    difference = np.abs(jax_side - fd_side)
    largest = float(np.max(np.abs([jax_side, fd_side]), initial=0.0))
    scale = float(np.max(np.abs(leaf))) or 1.0
    tolerance = eps**0.5 * largest + eps * abs(value) / scale + _round_off(value)
    # written so that NaN on either side disagrees
    disagreeing = ~(difference <= tolerance)
    worst = int(np.argmax(np.where(np.isnan(difference), np.inf, difference)))
    return LeafReport(
        path=path,
        shape=difference.shape,
        largest=largest,
        difference=float(difference.flat[worst]),
        tolerance=tolerance,
        worst=trees.coordinate_path(path, difference.shape, worst),
        by_jax=jax_side.flat[worst].item(),
        by_differences=fd_side.flat[worst].item(),
        disagreeing=int(np.sum(disagreeing)),
        strategy=strategy,
    )


def _round_off(value: float) -> float:
    """The round-off of a central difference in float64 at a step of eps^(1/3), times ten."""
    return 10 * float(np.finfo(np.float64).eps) ** (2 / 3) * abs(value)
