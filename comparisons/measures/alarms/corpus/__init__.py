"""A corpus of JAX functions with correct derivatives: on none of them may a check raise an alarm.

The functions are found by walking the namespaces. Whatever is neither excluded, with a reason, nor
has a recipe of its own is tried with one array and then with two, so that the functions of a later
JAX join by themselves.
"""

import functools
import importlib
import inspect
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from comparisons.measures.alarms.corpus.arrays import NUMPY
from comparisons.measures.alarms.corpus.domains import ONE, TWO
from comparisons.measures.alarms.corpus.linear import FFT, LINALG
from comparisons.measures.alarms.corpus.losses import LOSSES
from comparisons.measures.alarms.corpus.primitives import LAX
from comparisons.measures.alarms.corpus.recipes import Recipe, Recipes, floating
from comparisons.measures.alarms.corpus.special import NN, SPECIAL
from comparisons.measures.alarms.corpus.statistics import STATISTICS

# Of an object with several names the first is kept, so the names that users write come first.
NAMESPACES = (NN, NUMPY, LINALG, FFT, SPECIAL, STATISTICS, LAX, LOSSES)


class Defect(NamedTuple):
    """What is wrong with a derivative of JAX 0.10.2, so that an alarm on it is right.

    Attributes:
        said: what an alarm on it, and on nothing else, says.
        reason: what is wrong.
    """

    said: str
    reason: str


# by the name of the case
DEFECTS: dict[str, Defect] = {
    "jax.scipy.special.spence": Defect(
        r"jax nan.*\(rev\)",
        "the vjp is NaN for 1 < x < 2, where the jvp is log(x) / (1 - x), as it should be: a branch"
        " not taken holds log(1 - x)",
    ),
    "jax.scipy.stats.poisson.entropy": Defect(
        r"jax nan.*\(fwd\)",
        "the jvp is NaN for every mean, where the vjp is right: probabilities masked to zero have"
        " an infinite derivative of p log(p), times a zero tangent",
    ),
}


class Case(NamedTuple):
    """A function and where to differentiate it.

    Attributes:
        name: the function's, with what is differentiated in brackets where that is not everything.
        function: of the differentiated arrays only; its value is a real array or a tree of them.
        arguments: random arrays of a dtype, inside the domain and away from its special points.
    """

    name: str
    function: Callable
    arguments: Callable[[np.random.Generator, np.dtype], tuple[np.ndarray, ...]]


def cases() -> list[Case]:
    """Every function of the namespaces that is differentiable, in the order of the namespaces."""
    return list(_listing()[0])


def unclaimed() -> list[str]:
    """Functions that nobody excluded, nobody described and no default suits."""
    return list(_listing()[1])


@functools.cache
def _listing() -> tuple[tuple[Case, ...], tuple[str, ...]]:
    found: list[Case] = []
    rest: list[str] = []
    seen: set[int] = set()
    for title, recipes, reasons in NAMESPACES:
        excluded = {name for names in reasons.values() for name in names.split()}
        for name, function in _public(title):
            if id(function) in seen:
                continue
            seen.add(id(function))
            if name in excluded:
                continue
            ways = _ways(recipes, name, function)
            found += [_case(f"{title}.{name}", function, recipe) for recipe in ways]
            if not ways:
                rest.append(f"{title}.{name}")
    return tuple(found), tuple(rest)


def _public(title: str) -> Iterator[tuple[str, Any]]:
    """The functions of a module and, as norm.pdf, those of the distributions of jax.scipy.stats."""
    for name, value in _members(importlib.import_module(title)):
        if inspect.ismodule(value) and title == STATISTICS.title:
            for inner, one in _members(value):
                if _is_function(one):
                    yield f"{name}.{inner}", one
        elif _is_function(value):
            yield name, value


def _members(module: ModuleType) -> Iterator[tuple[str, Any]]:
    for name in dir(module):
        if not name.startswith("_"):
            yield name, getattr(module, name)


def _is_function(value: Any) -> bool:
    return callable(value) and not inspect.isclass(value)


def _ways(recipes: Recipes, name: str, function: Callable) -> tuple[Recipe, ...]:
    if name in recipes:
        recipe = recipes[name]
        return (recipe,) if isinstance(recipe, Recipe) else recipe
    for count, draw in ((1, ONE), (2, TWO)):
        arrays_of_floats = [jax.ShapeDtypeStruct((2, 3), jnp.float32)] * count
        try:
            jax.eval_shape(lambda *arguments: floating(function(*arguments)), *arrays_of_floats)
        except Exception:  # whatever a function says to arguments that do not suit it
            continue
        return (Recipe(draw),)
    return ()


def _case(name: str, function: Callable, recipe: Recipe) -> Case:
    def differentiated(*arguments):
        return floating(recipe.call(function, *arguments))

    return Case(f"{name}[{recipe.part}]" if recipe.part else name, differentiated, recipe.draw)
