"""What the tables consist of: where a function is asked, and how it is called there."""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from comparisons.measures.alarms.corpus.domains import Draw


def plainly(function: Callable, *arguments: Any) -> Any:
    """A call with nothing but the arguments."""
    return function(*arguments)


def complexly(function: Callable, real: Any, imaginary: Any) -> Any:
    """A call with one complex argument, differentiated by its two parts."""
    return function(jax.lax.complex(real, imaginary))


class Recipe(NamedTuple):
    """How a function of a namespace becomes one of real arrays.

    Attributes:
        draw: the differentiated arguments.
        call: call(function, *arguments) is the value.
        part: what is differentiated or which branch is taken, where that is not everything.
    """

    draw: Draw
    call: Callable = plainly
    part: str = ""


Recipes = dict[str, Recipe | tuple[Recipe, ...]]


class Namespace(NamedTuple):
    """What is known of the functions of a module.

    Attributes:
        title: the module's name.
        recipes: by the name of the function.
        excluded: the names of functions that are not in the corpus, by the reason.
    """

    title: str
    recipes: Recipes
    excluded: dict[str, str]


def same(names: str, recipe: Recipe | tuple[Recipe, ...]) -> Recipes:
    """One recipe, or several, for each of some functions."""
    return dict.fromkeys(names.split(), recipe)


def floating(tree: Any) -> Any:
    """The floating-point leaves of a value; of a complex one, its two parts.

    Integers that come along (the positions of the greatest elements, say) have no derivative.
    """
    leaves: list = []
    for leaf in jax.tree.leaves(tree):
        if jnp.issubdtype(leaf.dtype, jnp.complexfloating):
            leaves += [jnp.real(leaf), jnp.imag(leaf)]
        elif jnp.issubdtype(leaf.dtype, jnp.floating):
            leaves.append(leaf)
    if not leaves:
        raise TypeError("no floating-point output")
    return leaves[0] if len(leaves) == 1 else leaves
