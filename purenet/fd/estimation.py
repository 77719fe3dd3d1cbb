"""fd.estimate: every derivative with a bound on its error, or the reason why there is none."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from purenet import jaxprs, markup, trees
from purenet.fd.bounded import bounded
from purenet.fd.options import Options, checked
from purenet.fd.point import Point
from purenet.fd.requirements import (
    require_finite_base,
    require_known,
    require_numbers,
    require_outputs,
)
from purenet.fd.results import assembled
from purenet.fd.setup import Setup, prepare
from purenet.fd.slopes import Irregularity

_REMARKS = 10  # that a notebook shows
_COARSEST = 1e-6  # machine epsilon of the coarsest dtype that can be estimated in itself
_WORDS = {
    "kink": "not differentiable here: left {left:.6g}, right {right:.6g}",
    "jump": "not continuous here: the value goes from {left:.6g} to {right:.6g}",
    "vertical": "not differentiable here: left {left:.6g}, right {right:.6g}",
    "edge": "at the edge of the domain: derivative left {left:.6g}, right {right:.6g}",
    "ignored": "nothing that is returned depends on it: zero whatever the code means to say",
    "unsettled": "no step gives a derivative that another step confirms: left {left:.6g}, "
    "right {right:.6g} at the smallest",
}


@dataclass(frozen=True)
class Remark:
    """Why a coordinate has no derivative; its value in the estimate is NaN, its error infinite.

    For a leaf that the function ignores as a whole, the value and the error are zero.

    Attributes:
        path: the coordinate, ``params['W1'][3, 4]``; of an ignored leaf, the leaf.
        output: the index of the output, () for a scalar function.
        kind: "kink", "jump", "vertical" (an infinite slope), "edge" (of the domain), "unsettled" or
            "ignored".
        left: the derivative from the left (of a jump: the value there); NaN where undefined.
        right: the same from the right.
    """

    path: str
    output: tuple[int, ...]
    kind: str
    left: float
    right: float

    def __str__(self) -> str:
        """The remark as a sentence, with the coordinate's path."""
        where = f"{self.path}" + (f", output {list(self.output)}" if self.output else "")
        words = _WORDS[self.kind].format(left=self.left, right=self.right)
        if self.kind == "unsettled" and np.isnan([self.left, self.right]).all():
            words = words.partition(":")[0]  # neither side has a slope to tell
        return f"{where}: {words}"


@dataclass(frozen=True)
class Estimate:
    """Derivatives and bounds on their errors: two trees of one structure.

    Unpacks as ``value, error = estimate``.

    Attributes:
        value: the derivatives, float64 NumPy arrays; NaN where there is none.
        error: a bound on the distance of each from the true derivative; infinite where there is
            none.
        remarks: for each coordinate without a derivative, why.
        evaluations: the number of points at which the function was evaluated.
    """

    value: Any
    error: Any
    remarks: tuple[Remark, ...]
    evaluations: int

    def __iter__(self) -> Iterator:
        """The value and the error."""
        return iter((self.value, self.error))

    def _repr_html_(self) -> str:
        paths = trees.leaf_paths(self.value, "value")
        rows = [
            [
                f"<code>{escape(path)}</code>",
                escape(str(value.shape)),
                f"{_largest(value):.8g}" if value.size != 1 else f"{value.item():.12g}",
                f"{_largest(error):.2g}",
                f"{np.isnan(value).sum():,}",
            ]
            for path, value, error in zip(
                paths, jax.tree.leaves(self.value), jax.tree.leaves(self.error), strict=True
            )
        ]
        table = markup.table(
            ("leaf", "shape", "largest", "± at most", "without derivative"),
            rows,
            caption="Derivatives by finite differences",
            numbers=(2, 3, 4),
        )
        remarks = markup.listed(escape(str(remark)) for remark in self.remarks[:_REMARKS])
        more = len(self.remarks) - _REMARKS
        further = f"<p>and {more:,} more remarks</p>" if more > 0 else ""
        return markup.fragment(f"{table}{remarks}{further}<p>{self.evaluations:,} evaluations</p>")


def estimate(
    fun: Callable,
    argnums: int | Sequence[int] = 0,
    has_aux: bool = False,
    allow_int: bool = False,
    **options: Any,
) -> Callable[..., Estimate]:
    """The derivatives of a function by extrapolated differences, each with an error bound.

    Steps start at a sixteenth of a coordinate's scale and are halved until extrapolation reaches
    the round-off of f; a tiny step confirms the result. Smooth coordinates take eleven evaluations;
    only doubtful ones take more. Noise is measured where the function shows more than rounding.

    Args:
        fun: ``fun(params, *data)``, of any output tree.
        argnums: the position of the differentiated argument, or a tuple of positions.
        has_aux: whether fun returns ``(output, aux)``; aux is dropped.
        allow_int: skip integer, boolean and key leaves.
        options: precision, strategy, max_memory, workers; see `Options`. Steps are always chosen.

    Returns:
        A function of fun's arguments that returns an `Estimate`, in the tree of jax.grad for a
        scalar function and of jax.jacobian otherwise. For complex parameters and a real scalar
        function, JAX's conjugate convention.

    Raises:
        TypeError, ValueError: as `grad`; and TypeError under jit, vmap or grad, since which steps
            are needed depends on values.

    Sources: Richardson extrapolation; the noise by Moré & Wild, SISC 33:1292, 2011; bounds in the
    spirit of FiniteDifferences.jl.

    >>> import jax.numpy as jnp
    >>> from purenet import fd
    >>> value, error = fd.estimate(jnp.sin)(1.0)
    >>> abs(float(value) - 0.5403023058681398) <= float(error) < 1e-11
    True
    >>> print(fd.estimate(jnp.abs)(0.0).remarks[0])
    x: not differentiable here: left -1, right 1
    """
    chosen = checked(**options)
    _require_automatic(options)

    @trees.named_after(fun)
    @jaxprs.own_settings()
    def estimate_of_fun(*args, **kwargs):
        point = Point.of(fun, args, kwargs, argnums=argnums, has_aux=has_aux, allow_int=allow_int)
        require_numbers(point)
        setup = prepare(point, chosen, whole_leaves=True)
        _require_digits(setup, chosen)
        with jaxprs.working_precision(chosen.double):
            require_outputs(setup.outputs, holomorphic=False)
            return _estimate(setup)

    return estimate_of_fun


def _estimate(setup: Setup) -> Estimate:
    known = setup.evaluator.base()
    require_known(setup.point, known)
    base = list(map(np.asarray, known))
    require_finite_base(base)
    values, errors, remarks = [], [], []
    for leaf in range(len(setup.evaluator.leaves)):
        value, error, irregular = bounded(setup.evaluator, leaf, base, noise_known=False)
        remarks += [_remark(setup, leaf, found, base) for found in irregular]
        if value.size and not value.any() and setup.evaluator.dependence(leaf) == "ignored":
            remarks.append(Remark(setup.paths[leaf], (), "ignored", 0.0, 0.0))
        values.append(_split(value, base))
        errors.append(_split(error, base))
    return Estimate(
        assembled(setup, lambda leaf, output: _arranged(setup, leaf, values[leaf][output])),
        assembled(setup, lambda leaf, output: _arranged_bound(setup, leaf, errors[leaf][output])),
        tuple(remarks),
        setup.evaluator.evaluations,
    )


def _split(flat: np.ndarray, base: list[np.ndarray]) -> list[np.ndarray]:
    """A matrix (coordinates, all outputs) as one array (coordinates, *shape) an output."""
    ends = np.cumsum([out.size for out in base])[:-1]
    parts = np.split(flat, ends, axis=1)
    return [part.reshape(len(flat), *out.shape) for part, out in zip(parts, base, strict=True)]


def _remark(setup: Setup, leaf: int, found: Irregularity, base: list[np.ndarray]) -> Remark:
    x = setup.evaluator.leaves[leaf]
    path = trees.coordinate_path(setup.paths[leaf], x.shape, found.coordinate % x.size)
    output, which = found.output, 0
    while output >= base[which].size:
        output -= base[which].size
        which += 1
    position = tuple(int(i) for i in np.unravel_index(output, base[which].shape))
    position = position if len(base) == 1 else (which, *position)
    return Remark(path, position, found.kind, found.left, found.right)


def _arranged(setup: Setup, leaf: int, derivative: np.ndarray) -> np.ndarray:
    """A derivative by real coordinates in shape (*output shape, *leaf shape)."""
    x = setup.evaluator.leaves[leaf]
    if np.iscomplexobj(x):
        by_real, by_imaginary = np.split(derivative, 2)
        derivative = by_real - 1j * by_imaginary
    return np.moveaxis(derivative, 0, -1).reshape((*derivative.shape[1:], *x.shape))


def _arranged_bound(setup: Setup, leaf: int, bound: np.ndarray) -> np.ndarray:
    """A bound in the same shape; that of a complex derivative is its modulus."""
    return np.asarray(np.abs(_arranged(setup, leaf, bound)))


def _largest(leaf: np.ndarray) -> float:
    """The largest of what is finite, by its size."""
    return float(np.max(np.abs(leaf), initial=0.0, where=np.isfinite(leaf)))


def _require_automatic(options: dict) -> None:
    for name in ("step", "order", "method"):
        if name in options:
            raise ValueError(
                f"got {name}={options[name]!r}; wanted none for fd.estimate, which chooses steps "
                f"and orders itself; leave it out, or use fd.grad with {name}"
            )


def _require_digits(setup: Setup, options: Options) -> None:
    for path, dtype in zip(setup.paths, setup.input_dtypes, strict=True):
        if not options.double and float(jnp.finfo(dtype).eps) > _COARSEST:
            raise ValueError(
                f"got {path} of dtype {dtype} with precision='native'; wanted float32 or float64: "
                "fewer digits leave nothing to extrapolate; leave precision out for float64 inside"
            )
