"""pure_version: the parameters that a function captured become its argument."""

import re
from collections.abc import Callable, Mapping, Sequence
from html import escape
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer

from purenet import markup
from purenet.fd.point import Point, refusing_dead_tracers
from purenet.kinds import like
from purenet.purity.arguments import new_arguments, point_of
from purenet.purity.dependence import IGNORED, dependence
from purenet.purity.experiment import Experiment
from purenet.purity.members import ARRAYS
from purenet.purity.object_graph import Reached, captured_arrays
from purenet.purity.reads import Reads, aliases
from purenet.purity.substitution import auditing, with_other
from purenet.purity.values import close


class PureVersion(NamedTuple):
    """A function that takes as an argument what another captured, and what that one captured.

    Attributes:
        function: ``function(params)``, for jax.grad, or NumPy code for `purenet.fd.grad`; the other
            arguments are bound.
        params: the captured arrays by name, ``{'net.W': ...}``.
    """

    function: Callable[[Mapping[str, Any]], Any]
    params: dict[str, Any]

    def _repr_html_(self) -> str:
        name = f"<code>{escape(getattr(self.function, '__name__', 'function'))}(params)</code>"
        rows = [
            (f"<code>{escape(repr(path))}</code>", escape(str(np.shape(leaf))), str(leaf.dtype))
            for path, leaf in ((key, np.asarray(leaf)) for key, leaf in self.params.items())
        ]
        table = markup.table(("params", "shape", "dtype"), rows)
        return markup.fragment(f"<p>A pure function, {name}, of what was captured:</p>{table}")


def pure_version(function: Callable, *args: Any, argnums: int | Sequence[int] = 0) -> PureVersion:
    """The function that was meant: what it reads in place of its parameters becomes its argument.

    These are the captured arrays that decide the value where a parameter is ignored, and with each
    those that stand beside it (``net.W1`` brings ``net.b1``). The function itself is copied, not
    rewritten: its copy reads ``params`` where the original reads what it captured, and whatever it
    was seen to store on the way is stored in the copy. Where NumPy stands in the way of tracing,
    the copy finds jax.numpy under NumPy's name. Code that writes into its arrays remains NumPy
    code: its pure version is for `purenet.fd.grad`, and for ``check_grads(function, params,
    gradient=...)``.

    Args:
        function: as for `audit`.
        args: as for `audit`; all of them stay bound.
        argnums: which of them hold the parameters.

    Returns:
        A `PureVersion`: ``function(params)`` and ``params``, a dictionary by captured name.

    Raises:
        ValueError: where nothing is captured in a parameter's place, or where no pure version can
            be built, since the code draws from a generator, or cannot be copied.

    >>> class Net:
    ...     def __init__(self):
    ...         self.W = np.array([1.0, 2.0])
    ...     def loss(self, x):
    ...         return np.sum(np.exp(self.W) * x)
    >>> net = Net()
    >>> loss, params = pure_version(lambda W: net.loss(np.ones(2)), net.W)
    >>> list(params), jax.grad(loss)(params)["net.W"].round(1)
    (['net.W'], Array([2.7, 7.4], dtype=float32))
    """
    point = point_of(function, args, argnums)
    with auditing(), refusing_dead_tracers(point.name):
        experiment = Experiment(point)
        if experiment.used_up:
            raise ValueError(
                f"got {point.name}, which uses up {experiment.used_up[0]}; wanted one that can be "
                "called again; pass what it needs as an argument"
            )
        return _version_of(experiment)


def _version_of(experiment: Experiment) -> PureVersion:
    point, value = experiment.point, experiment.outputs()
    captured = {read.name: read for read in _captured_parameters(experiment)}
    params = {name: read.value for name, read in captured.items()}
    if not params:
        raise ValueError(
            f"got {point.name}, which reads no captured array in place of a parameter; wanted "
            "one that does; it is ready for jax.grad as it is, or audit says what is wrong"
        )
    written = {id(change.holder) for run in experiment.runs for change in run.state}
    reasons = []
    for way in ("traced", "traced on jax.numpy", "by NumPy"):
        function = _of_params(point, captured, written, way)
        try:
            found = jax.tree.leaves((function if way == "by NumPy" else jax.jit(function))(params))
        except Exception as error:  # whatever the code does with a tracer
            reasons.append(f"{type(error).__name__}: {str(error).splitlines()[0]}")
            continue
        if close(found, value, atol=1e-8):
            return PureVersion(function, params)
        reasons.append("its value is not that of the original")
    raise ValueError(
        f"got {point.name}, of which no pure version could be built ({reasons[-1]}); wanted code "
        "that computes the same each time; write the loss with its parameters as an argument"
    )


def _captured_parameters(experiment: Experiment) -> list[Reached]:
    """What is read in place of ignored parameters, and what stands beside it."""
    point, reads = experiment.point, Reads(experiment)
    matched: list[Reached] = []
    for leaf, one in enumerate(dependence(experiment)):
        if one.state == IGNORED:
            matched += reads.in_place_of(leaf) or reads.all()
        else:
            matched += [r for r in reads.captured if aliases(r, point, leaf) and reads.decides(r)]
    owners = {_owner(read.name) for read in matched} - {""}
    beside = [r for r in reads.captured if _owner(r.name) in owners and reads.decides(r)]
    return list({read.name: read for read in [*matched, *beside]}.values())


def _owner(name: str) -> str:
    """The name without its last attribute or item: ``net.params`` of ``net.params['W1']``."""
    return re.sub(r"(\.\w+|\[[^\]]*\])$", "", name) if re.search(r"[.\[]", name) else ""


def _of_params(
    point: Point, captured: Mapping[str, Reached], written: set[int], way: str
) -> Callable[[Mapping[str, Any]], Any]:
    on_jax = way == "traced on jax.numpy"
    fixed = _numpy_as_jax(point) if on_jax else {}

    def function(given: Mapping[str, Any]) -> Any:
        _require_names(captured, given)
        if way == "by NumPy":
            _require_numbers(point, given)
            new = {
                name: like(read.value, np.asarray(given[name])) for name, read in captured.items()
            }
        else:
            new = {
                name: jnp.asarray(given[name]) if isinstance(read.value, ARRAYS) else given[name]
                for name, read in captured.items()
            }
        replaced = [(read, new[name]) for name, read in captured.items()]
        made = with_other(point.function, replaced, fixed, written)
        arguments = new_arguments(point, _moved(point, captured, new))
        if on_jax:
            arguments = [jax.tree.map(_on_jax, argument) for argument in arguments]
        return made(*arguments)

    function.__name__ = f"pure_{point.name.strip('<>')}"
    return function


def _moved(point: Point, captured: Mapping[str, Reached], new: Mapping[str, Any]) -> list[Any]:
    """The leaves; one that is what is captured moves with it, as it does where that is written."""
    moved = point.moved
    for leaf, value in enumerate(point.moved):
        for name, read in captured.items():
            if np.shape(read.value) == np.shape(value) and aliases(read, point, leaf):
                moved[leaf] = new[name]
    return moved


def _numpy_as_jax(point: Point) -> dict[int, Any]:
    """jax.numpy for NumPy, function by function, and captured arrays as JAX's."""
    names = [name for name in dir(np) if not name.startswith("_") and hasattr(jnp, name)]
    functions = {id(getattr(np, name)): getattr(jnp, name) for name in names}
    arrays = [captured.value for captured in captured_arrays(point.function)]
    return {id(np): jnp, **functions, **{id(array): _on_jax(array) for array in arrays}}


def _on_jax(leaf: Any) -> Any:
    is_numeric = isinstance(leaf, np.ndarray) and leaf.dtype.kind in "fciub"
    return jnp.asarray(leaf) if is_numeric else leaf


def _require_numbers(point: Point, given: Mapping[str, Any]) -> None:
    if any(isinstance(leaf, Tracer) for leaf in jax.tree.leaves(dict(given))):
        raise TypeError(
            f"got traced params for {point.name}, which writes into its arrays; wanted numbers; "
            "differentiate it by purenet.fd.grad, or check a gradient of your own by "
            "check_grads(function, params, gradient=...)"
        )


def _require_names(params: Mapping[str, Any], given: Mapping[str, Any]) -> None:
    if not isinstance(given, Mapping) or set(given) != set(params):
        got = sorted(given) if isinstance(given, Mapping) else type(given).__name__
        raise ValueError(
            f"got params of {got}; wanted a dictionary of {sorted(params)}; pass the params that "
            "came with this function, or a tree like them"
        )
