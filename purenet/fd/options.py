"""The keyword options that every transformation of purenet.fd takes, checked once."""

from typing import Any, NamedTuple

import jax
import numpy as np

from purenet import jaxprs, meshes
from purenet.fd.stencils import METHODS, ORDERS

STRATEGIES = ("auto", "incremental", "dense", "host")
PRECISIONS = ("double", "native")


class Options(NamedTuple):
    """The options of a finite difference; whatever is None is chosen automatically.

    Attributes:
        step: the step h, one number for all coordinates or a tree of numbers or arrays that
            matches the differentiated arguments; None chooses it from the dtype and the length over
            which the function curves. Under jit and vmap, where values are not known, that is taken
            from a number's own size in leaves of fewer than eight, and wrong far from the origin.
        order: of the stencil: 2, 4, 6 or 8.
        method: "central", "forward", "backward" or "complex".
        strategy: "incremental" evaluates, for each coordinate, only what it changes; "dense" the
            whole program, vectorised; "host" calls the function as it is, for those JAX cannot
            trace. "auto" traces where that works, and takes for each leaf the cheaper of
            incremental and dense, by counted work.
        precision: "double" evaluates in float64 whatever the caller's dtype; "native" stays in it.
        max_memory: bytes that one chunk of perturbed evaluations may take.
        workers: threads of the host strategy.
        mesh: a jax.sharding.Mesh whose devices share the evaluations, those of several processes
            too; each of them ends up with all results. The data are replicated.
    """

    step: Any = None
    order: int = 2
    method: str = "central"
    strategy: str = "auto"
    precision: str = "double"
    max_memory: int = 2**28
    workers: int = 1
    mesh: Any = None

    @property
    def double(self) -> bool:
        """Whether the function is evaluated in float64."""
        return self.precision == "double"


def checked(**options: Any) -> Options:
    """The options, each in its range.

    Raises:
        TypeError: an unknown name.
        ValueError: a value out of its range; the message lists the range.
    """
    unknown = sorted(set(options) - set(Options._fields))
    if unknown:
        raise TypeError(
            f"got the unknown option {unknown[0]!r}; wanted one of {', '.join(Options._fields)}; "
            "check the spelling"
        )
    checked = Options(**options)
    checked = checked._replace(mesh=meshes.automatic(checked.mesh))
    _require_choice("method", checked.method, (*METHODS, "complex"))
    _require_choice("order", checked.order, ORDERS)
    _require_choice("strategy", checked.strategy, STRATEGIES)
    _require_choice("precision", checked.precision, PRECISIONS)
    _require_positive("max_memory", checked.max_memory, "bytes")
    _require_positive("workers", checked.workers, "threads")
    _require_step(checked.step)
    if checked.method == "complex":
        _require_complex_alone(options)
    return checked


def require_flags(**flags: Any) -> None:
    """Raise TypeError for what is neither True nor False."""
    for name, value in flags.items():
        if not isinstance(value, bool | np.bool_):
            raise TypeError(
                f"got {name}={value!r}; wanted True or False; write {name}=True, or leave it out"
            )


def _require_choice(name: str, value: Any, choices: tuple) -> None:
    if not isinstance(value, type(choices[0])) or value not in choices:
        raise ValueError(
            f"got {name}={value!r}; wanted one of {', '.join(map(repr, choices))}; "
            f"leave {name} out for {Options._field_defaults[name]!r}"
        )


def _require_positive(name: str, value: Any, unit: str) -> None:
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < 1:
        raise ValueError(
            f"got {name}={value!r}; wanted a positive whole number of {unit}; "
            f"leave {name} out for {Options._field_defaults[name]}"
        )


def _require_complex_alone(options: dict[str, Any]) -> None:
    for name, value in options.items():
        if name in ("step", "order") or value in ("native", "host", "incremental"):
            raise ValueError(
                f"got method='complex' with {name}={value!r}; wanted {name} left out: a complex "
                "step has no step or order to choose, and replays a traced program in float64; "
                "leave it out, or use method='central'"
            )


def _require_step(step: Any) -> None:
    for leaf in jax.tree.leaves(step):
        if jaxprs.is_traced(leaf):
            continue
        try:
            value = np.asarray(leaf, float)
        except (TypeError, ValueError, OverflowError):
            value = np.array(np.nan)
        if not np.all(np.isfinite(value) & (value > 0)):
            raise ValueError(
                f"got step={step!r}; wanted positive, finite numbers; "
                "leave step out, and it is chosen for the function"
            )
