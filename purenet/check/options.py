"""The keyword options of a check, each in its range."""

import os
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from purenet.check.by_jax import MODES
from purenet.check.rule import Rule
from purenet.check.target import Seed
from purenet.fd.options import Options, checked, require_flags

_OF_DIFFERENCES = ("max_memory", "mesh", "strategy")
_OTHERS = (
    "argnums", "gradient", "vjp", "jvp", "order", "modes", "has_aux", "allow_int", "allow_unused",
    "allow_undecided", "rtol", "budget", "key", "progress", "checkpoint",
)  # fmt: skip


def checked_options(
    rule: Rule | None,
    *,
    order: Any,
    modes: Any,
    allow_unused: Any,
    allow_undecided: Any,
    rtol: Any,
    budget: Any,
    progress: Any,
    checkpoint: Any,
    **options: Any,
) -> Options:
    """The options of the finite differences, where all the others are in their range too.

    Raises:
        TypeError: an unknown name, or a value of another type.
        ValueError: a value out of its range; the message lists the range.
    """
    unknown = sorted(set(options) - set(_OF_DIFFERENCES))
    if unknown:
        raise TypeError(
            f"got the unknown option {unknown[0]!r}; wanted one of "
            f"{', '.join((*_OTHERS, *_OF_DIFFERENCES))}; pass data by position; steps and "
            "tolerances are measured"
        )
    require_flags(allow_unused=allow_unused)
    if progress is not None:
        require_flags(progress=progress)
    _require_order_and_modes(order, modes, rule)
    _require_rtol(rtol)
    _require_budget(budget)
    _require_paths(allow_undecided)
    _require_checkpoint(checkpoint)
    chosen = checked(**options)
    if chosen.strategy == "host" and rule is None:
        raise ValueError(
            "got strategy='host'; wanted 'auto', 'incremental' or 'dense': what JAX differentiates "
            "it can trace; leave strategy out, or pass gradient, vjp or jvp for a black box"
        )
    return chosen


def seed_of(key: Any) -> Seed:
    """The whole numbers that a random key is made of, two zeros for none.

    Raises:
        TypeError: where it is no key.
    """
    if key is None:
        return (0, 0)
    if isinstance(key, jax.Array) and jnp.issubdtype(key.dtype, jax.dtypes.prng_key):
        key = jax.random.key_data(key)
    if not isinstance(key, jax.Array | np.ndarray) or key.dtype.kind != "u":
        raise TypeError(
            f"got a key of type {type(key).__name__}; wanted a random key; pass jax.random.key(1), "
            "say, or leave key out"
        )
    return tuple(np.asarray(key).ravel().tolist())


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _require_order_and_modes(order: Any, modes: Any, rule: Rule | None) -> None:
    if not _is_number(order) or order not in (1, 2):
        raise ValueError(
            f"got order={order!r}; wanted 1 for the gradient, or 2 for its derivative as well; "
            "check the gradient function itself for higher ones"
        )
    if not isinstance(modes, tuple | list) or not modes or any(m not in MODES for m in modes):
        raise ValueError(
            f"got modes={modes!r}; wanted a tuple of 'rev' and 'fwd'; leave modes out for both"
        )
    if rule is not None and (order != 1 or tuple(modes) != MODES):
        name, value = ("order", order) if order != 1 else ("modes", modes)
        raise ValueError(
            f"got {name}={value!r} with {rule.kind}; wanted the given derivative alone, which has "
            f"one mode and one order; leave {name} out"
        )


def _require_rtol(rtol: Any) -> None:
    if not _is_number(rtol) or not 0 <= rtol < 0.01:
        raise ValueError(
            f"got rtol={rtol!r}; wanted a number from 0 to below 0.01, the error that must show "
            "for a derivative to be proved; leave rtol out where the derivative is exact"
        )


def _require_budget(budget: Any) -> None:
    if not _is_number(budget) or not budget >= 0:
        raise ValueError(
            f"got budget={budget!r}; wanted seconds, zero for random directions alone; "
            "leave budget out for 10"
        )


def _require_paths(given: Any) -> None:
    if isinstance(given, bool):
        return
    is_sequence = isinstance(given, Sequence | set | frozenset) and not isinstance(given, str)
    if not is_sequence or not all(isinstance(path, str) for path in given):
        raise ValueError(
            f"got allow_undecided={given!r}; wanted a tuple of paths as the report shows them, or "
            "True for all leaves; write (\"params['table']\",)"
        )


def _require_checkpoint(checkpoint: Any) -> None:
    if not isinstance(checkpoint, str | os.PathLike | None):
        raise TypeError(
            f"got checkpoint={checkpoint!r}; wanted the path of a folder; pass 'check', say, or "
            "leave checkpoint out"
        )
