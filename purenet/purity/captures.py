"""Captured arrays: what a function reads beside its arguments, each by a name."""

from collections.abc import Callable

import numpy as np

from purenet.purity.reached import ARRAYS, Reached, of_function


def captured_arrays(function: Callable) -> list[Reached]:
    """The arrays in closure cells, globals that the code names, defaults, attributes, containers.

    Bound methods, partials, nested functions and those behind jit and custom derivatives are looked
    through; what Python, JAX, NumPy and other packages define in their own modules is not.

    >>> import numpy as np
    >>> W = np.ones(2)
    >>> def loss(x, scale=2.0):
    ...     return scale * (W * x).sum()
    >>> [captured.name for captured in captured_arrays(loss)]
    ['W']
    """
    return [thing for thing in of_function(function) if isinstance(thing.value, ARRAYS)]


def captured_numbers(function: Callable) -> list[Reached]:
    """The numbers that a function reaches, truth values aside: ``net.w[0][0]``, ``CONFIG['lr']``.

    >>> rate = 0.1
    >>> [captured.name for captured in captured_numbers(lambda w: w * rate)]
    ['rate']
    """
    return [
        thing
        for thing in of_function(function)
        if isinstance(thing.value, int | float | np.number) and not isinstance(thing.value, bool)
    ]
