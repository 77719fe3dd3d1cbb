"""Pure losses in JAX, and gradients you can prove.

The parts are imported when they are first used, so that ``import purenet`` itself costs next to
nothing beside ``import jax``.
"""

from importlib import import_module
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from purenet import check as check
    from purenet import data as data
    from purenet import fd as fd
    from purenet import nn as nn
    from purenet import purity as purity
    from purenet import train as train
    from purenet.check import GradientMismatch as GradientMismatch
    from purenet.check import GradientReport as GradientReport
    from purenet.check import GradientUndecided as GradientUndecided
    from purenet.check import check_grads as check_grads
    from purenet.check import compare_grads as compare_grads
    from purenet.purity import ImpureLoss as ImpureLoss
    from purenet.purity import PurityReport as PurityReport
    from purenet.purity import assert_pure as assert_pure
    from purenet.purity import audit as audit
    from purenet.purity import pure_version as pure_version

    __version__: str

_PARTS = ("check", "data", "fd", "nn", "purity", "train")
_HOMES = {
    "GradientMismatch": "check",
    "GradientReport": "check",
    "GradientUndecided": "check",
    "check_grads": "check",
    "compare_grads": "check",
    "ImpureLoss": "purity",
    "PurityReport": "purity",
    "assert_pure": "purity",
    "audit": "purity",
    "pure_version": "purity",
}


def __getattr__(name: str) -> Any:
    """A part of purenet, one of its public functions, or its version, looked up on first use."""
    if name in _PARTS:
        return import_module(f"purenet.{name}")
    if name in _HOMES:
        return getattr(import_module(f"purenet.{_HOMES[name]}"), name)
    if name == "__version__":
        return version("purenet")
    raise AttributeError(f"module 'purenet' has no attribute {name!r}")


def __dir__() -> list[str]:
    """The public names."""
    return [*_PARTS, *_HOMES, "__version__"]
