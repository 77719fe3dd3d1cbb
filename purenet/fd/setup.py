"""What every transformation begins with: the point, a way to evaluate it, and its steps."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import jax
import numpy as np

from purenet import jaxprs, trees
from purenet.fd.complex_step import ANALYTIC, require_real
from purenet.fd.dense import Dense
from purenet.fd.differences import Evaluator, Numbers, coordinate_count, real_coordinates
from purenet.fd.host import Host
from purenet.fd.incremental import Incremental
from purenet.fd.numbers import namespace, numbers
from purenet.fd.options import Options
from purenet.fd.point import Point, is_numpy_code, trace
from purenet.fd.requirements import require_base_point, require_finite_base, require_range
from purenet.fd.stencils import stencil
from purenet.fd.steps import chosen_steps, given_steps
from purenet.fd.watch import Watch


class Setup(NamedTuple):
    """A point and an evaluator of the function there.

    Attributes:
        point: the leaves, their paths, the result's tree.
        evaluator: the function around the base point.
        input_dtypes: the dtypes of the leaves that move, in the caller's own program.
        outputs: shape and dtype of each output there.
        output_tree: their tree.
        options: those of the call.
    """

    point: Point
    evaluator: Evaluator
    input_dtypes: list[Any]
    outputs: list[jax.ShapeDtypeStruct]
    output_tree: Any
    options: Options

    @property
    def paths(self) -> list[str]:
        """The paths of the leaves that move."""
        return self.point.moved_paths

    def assemble(self, results: Sequence[Any]) -> Any:
        """Results of the leaves that move, in the tree of jax.grad.

        The others have float0 zeros, as of jax.grad, or None where a library holds them constant.
        """
        held = self.point.held
        every: list[Any] = [
            None if i in held else trees.zero_tangent(leaf)
            for i, leaf in enumerate(self.point.leaves)
        ]
        for i, result in zip(self.point.movable, results, strict=True):
            every[i] = result
        return self.point.assemble(every)


def prepare(point: Point, options: Options, *, whole_leaves: bool = False) -> Setup:
    """Trace the point, or, where JAX cannot, set it up to be called on the host.

    ``whole_leaves`` says that all coordinates of a leaf are going to be displaced in turn, which
    is where the incremental evaluation saves work.

    Call it outside `working_precision`: the program traced is the caller's own.
    """
    require_base_point(point)
    if options.method == "complex":
        require_real(point.moved, point.moved_paths)
    if options.strategy == "host":
        return on_host(point, options)
    try:
        traced = trace(point)
    except Exception as untraceable:  # whatever NumPy or PyTorch say of a tracer
        if (
            options.strategy in ("dense", "incremental")
            or options.method == "complex"
            or any(map(jaxprs.is_traced, point.moved))
        ):
            raise
        return on_host(point, options, untraceable)
    may_choose = options.strategy == "auto" and options.method != "complex" and options.double
    if may_choose and is_numpy_code(point, traced):
        return on_host(point, options)
    return prepared(point, traced, options, whole_leaves=whole_leaves)


def on_host(
    point: Point,
    options: Options,
    untraceable: Exception | None = None,
    *,
    watch: Watch | None = None,
) -> Setup:
    """The setup of a point whose function is called as it is.

    Raises:
        ValueError: where the devices of a mesh were to share the calls.
        Exception: what the function raises at the base point; the reason why it cannot be traced is
            its context.
    """
    if options.mesh is not None:
        raise ValueError(
            f"got mesh for {point.name}, which is called as it is, in Python; wanted a function "
            "that JAX traces; leave mesh out, or pass workers to call it from several threads"
        ) from untraceable
    try:
        host = Host(point, double=options.double, workers=options.workers, watch=watch)
    except Exception as error:
        if "<class 'torch.Tensor'>" in str(error):  # so says JAX of what it does not take
            raise TypeError(
                f"got tensors of PyTorch for {point.name}, which hands them to JAX; wanted "
                "arrays; pass jax.numpy.asarray(tensor.detach().numpy())"
            ) from error
        is_same = str(error) == str(untraceable)  # and said once is enough
        raise error from None if is_same else untraceable
    dtypes = [np.asarray(leaf).dtype for leaf in point.moved]
    return Setup(point, host, dtypes, host.outputs, host.output_tree, options)


def prepared(
    point: Point,
    traced: jaxprs.Traced,
    options: Options,
    *,
    whole_leaves: bool = False,
    watch: Watch | None = None,
) -> Setup:
    """The setup of a point whose function is traced already; see `prepare`."""
    require_range(point, traced)
    with jaxprs.working_precision(options.double):
        evaluator = _traced_evaluator(traced, point.moved, options, whole_leaves, watch)
    return Setup(point, evaluator, traced.input_dtypes, traced.outputs, traced.output_tree, options)


def _traced_evaluator(
    traced: jaxprs.Traced,
    leaves: Sequence[Any],
    options: Options,
    whole_leaves: bool,
    watch: Watch | None,
) -> Evaluator:
    common: dict[str, Any] = {
        "replay": _replay(options),
        "max_memory": options.max_memory,
        "mesh": options.mesh,
        "watch": watch,
    }
    if whole_leaves and options.strategy != "dense" and options.method != "complex":
        return Incremental(traced, leaves, always=options.strategy == "incremental", **common)
    return Dense(traced, leaves, **common)


def _replay(options: Options) -> jaxprs.Replay:
    if options.method == "complex":
        return ANALYTIC
    return jaxprs.DOUBLE if options.double else jaxprs.NATIVE


def steps_of(setup: Setup, options: Options, order: int) -> list[Numbers]:
    """The steps of each leaf's real coordinates: the caller's, or those chosen for the function."""
    leaves = setup.evaluator.leaves
    if options.step is not None:
        every = given_steps(options.step, setup.point.leaves, setup.point.structure)
        given = [every[i] for i in setup.point.movable]
        return [
            _doubled(numbers(s).ravel(), x).astype(np.zeros((), x.dtype).real.dtype)
            for s, x in zip(given, leaves, strict=True)
        ]
    width = len(stencil(options.method, options.order).offsets)
    return chosen_steps(setup.evaluator, order, width)


def require_finite(
    setup: Setup, derivatives: Sequence[Sequence[Numbers]], steps: Sequence[Numbers]
) -> None:
    """Raise ValueError where a derivative is NaN or infinite, naming the coordinate and why.

    ``derivatives[leaf][output]`` has the leaf's coordinates (or pairs of them) as its first axis.
    Under jit and vmap values are not known, and nothing is checked.
    """
    for leaf, outputs in enumerate(derivatives):
        for derivative in outputs:
            if jaxprs.is_traced(derivative) or derivative.size == 0:
                continue
            finite = np.isfinite(np.asarray(derivative)).reshape(len(derivative), -1).all(axis=1)
            if not finite.all():
                count = coordinate_count(setup.evaluator.leaves[leaf])
                coordinate = int(np.argmin(finite)) // (len(derivative) // count)
                _explain(setup, leaf, coordinate, steps)


def _explain(setup, leaf, coordinate, steps) -> None:
    x = setup.evaluator.leaves[leaf]
    path = trees.coordinate_path(setup.paths[leaf], x.shape, coordinate % max(x.size, 1))
    require_finite_base(setup.evaluator.base())
    value = real_coordinates(x)[coordinate]
    step = float(steps[leaf][coordinate])
    if float(value + step) == float(value):
        raise ValueError(
            f"got step={step:.3g} for {path} = {float(value):.6g}, which it leaves unchanged in "
            f"{x.dtype}; wanted a step that moves it; leave step out, or make it larger"
        )
    raise ValueError(
        f"got NaN or infinity where {path} = {float(value):.6g} moves by {step:.3g}, the value at "
        "the base point being finite; wanted finite values on both sides; it is at the edge of "
        "the function's domain: use method='forward' or 'backward', a smaller step, or "
        "fd.estimate, which says what each side gives"
    )


def _doubled(steps: Numbers, leaf: Numbers) -> Numbers:
    twice = coordinate_count(leaf) > leaf.size
    return namespace(steps).concatenate([steps, steps]) if twice else steps
