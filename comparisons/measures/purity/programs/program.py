"""One program of the corpus: a function with arguments, and what an audit of it must find."""

from collections.abc import Callable
from types import ModuleType
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

Finding = tuple[str, str | None]


class Program(NamedTuple):
    """A function to audit.

    Attributes:
        name: of the program, behind its family's: tricky.keys.raw_keys.
        build: makes the function and its arguments afresh, with every state that they share.
        findings: exactly what is to be reported, as pairs of kind and subject; a subject of None
            stands for any.
        argnums: where the parameters are.
    """

    name: str
    build: Callable[[], tuple[Callable, tuple]]
    findings: frozenset[Finding] = frozenset()
    argnums: int | tuple[int, ...] = 0

    @property
    def kinds(self) -> frozenset[str]:
        """The kinds of its findings."""
        return frozenset(kind for kind, _ in self.findings)


def program(
    *findings: Finding, argnums: int | tuple[int, ...] = 0
) -> Callable[[Callable[[], tuple[Callable, tuple]]], Program]:
    """The program that the decorated function builds, under that function's name."""

    def named(build: Callable[[], tuple[Callable, tuple]]) -> Program:
        family = ".".join(build.__module__.split(".")[-2:])
        return Program(f"{family}.{build.__name__}", build, frozenset(findings), argnums)

    return named


def programs(*modules: ModuleType) -> list[Program]:
    """Every program of the modules, in the order of their definitions."""
    return [
        value for module in modules for value in vars(module).values() if isinstance(value, Program)
    ]


def drawn(seed: int, *shape: int) -> np.ndarray:
    """Standard normal numbers in float64, the same for the same seed."""
    return np.random.default_rng(seed).standard_normal(shape)


def drawn_jax(seed: int, *shape: int) -> Any:
    """The same numbers as a JAX array of its default dtype."""
    return jnp.asarray(drawn(seed, *shape), jax.dtypes.canonicalize_dtype(float))
