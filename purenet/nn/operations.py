"""The functions of a define-by-run tape as plain functions: variadic add, square, exp."""

from functools import reduce

import jax.numpy as jnp
from jaxtyping import Array, ArrayLike, Num


def add(*terms: Num[ArrayLike, "..."]) -> Num[Array, "..."]:
    """The sum of one term or more, broadcast together.

    Args:
        terms: arrays or numbers whose shapes broadcast.

    Returns:
        Their sum, in the promoted dtype. Its derivative is 1 in every term, also where the same
        array is passed twice.

    Raises:
        TypeError: where there is no term.

    >>> int(add(2, 3))
    5
    """
    if not terms:
        raise TypeError("got no terms; wanted one or more; call add(x, y)")
    return reduce(jnp.add, terms[1:], jnp.asarray(terms[0]))


def square(x: Num[ArrayLike, "*shape"]) -> Num[Array, "*shape"]:
    """x², element-wise; shape and dtype as x.

    >>> float(square(3.0))
    9.0
    """
    return jnp.square(x)


def exp(x: Num[ArrayLike, "*shape"]) -> Num[Array, "*shape"]:
    """eˣ, element-wise; shape as x, integers become floating point.

    >>> float(exp(0.0))
    1.0
    """
    return jnp.exp(x)
