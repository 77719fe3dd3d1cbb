"""Where the functions of the corpus are asked: random arrays inside a domain, at no special point.

A Draw makes the arguments of one call from a generator and a dtype. Ties, kinks and the edges of
domains are kept away by construction, not by luck: see between.
"""

import math
from collections.abc import Callable

import numpy as np

Draw = Callable[[np.random.Generator, np.dtype], tuple[np.ndarray, ...]]
Shape = tuple[int, ...]


def between(low: float, high: float, *shapes: Shape) -> Draw:
    """Arrays of these shapes, all of whose elements together lie apart in [low, high].

    The interval is cut into as many equal cells as there are elements, and one number is drawn from
    the middle three fifths of each. So no two elements are near a tie, and a kink that is at the
    boundary of cells (0, say, for an even number of cells in [-1, 1]) is not approached.
    """
    sizes = [math.prod(shape) for shape in shapes]

    def draw(generator, dtype):
        count = sum(sizes)
        cells = generator.permutation(count) + generator.uniform(0.2, 0.8, count)
        pool = low + (high - low) / count * cells
        parts = np.split(pool, np.cumsum(sizes)[:-1])
        return tuple(
            part.reshape(shape).astype(dtype) for part, shape in zip(parts, shapes, strict=True)
        )

    return draw


def signed(low: float, high: float, *shapes: Shape) -> Draw:
    """The same with random signs: low > 0 is the distance kept from zero."""
    magnitudes = between(low, high, *shapes)

    def draw(generator, dtype):
        return tuple(
            x * generator.choice([-1, 1], x.shape).astype(dtype)
            for x in magnitudes(generator, dtype)
        )

    return draw


def joined(*draws: Draw) -> Draw:
    """The arguments of several draws, one after the other."""

    def draw(generator, dtype):
        return tuple(x for part in draws for x in part(generator, dtype))

    return draw


def ascending(low: float, high: float, *shapes: Shape) -> Draw:
    """Arrays drawn by between, each sorted along its last axis."""
    unsorted = between(low, high, *shapes)
    return lambda generator, dtype: tuple(np.sort(x) for x in unsorted(generator, dtype))


def apart(low: float, high: float, shape: Shape) -> Draw:
    """Two arrays whose difference is drawn by between: kinks of a function of x - y are avoided."""
    differences = between(low, high, shape)

    def draw(generator, dtype):
        y = generator.uniform(-1, 1, shape).astype(dtype)
        return differences(generator, dtype)[0] + y, y

    return draw


def quotients(generator: np.random.Generator, dtype: np.dtype) -> tuple[np.ndarray, ...]:
    """A dividend and a divisor of either sign whose quotient is not near a whole number."""
    (ratio,) = between(-3, 3, (2, 3))(generator, dtype)
    (divisor,) = signed(0.8, 1.6, (2, 3))(generator, dtype)
    return ratio * divisor, divisor


def winding(generator: np.random.Generator, dtype: np.dtype) -> tuple[np.ndarray, ...]:
    """Angles that jump by more than π, but not by nearly π or 3π, from each to the next."""
    (jumps,) = signed(3.6, 5.5, (6,))(generator, dtype)
    return (np.cumsum(jumps, dtype=dtype),)


def polynomial(generator: np.random.Generator, dtype: np.dtype) -> tuple[np.ndarray, ...]:
    """The coefficients of a cubic with three real roots apart from each other."""
    (roots,) = between(-1.5, 1.5, (3,))(generator, np.dtype(np.float64))
    return ((generator.uniform(0.8, 1.2) * np.poly(roots)).astype(dtype),)


def _orthogonal(generator: np.random.Generator, size: int) -> np.ndarray:
    return np.linalg.qr(generator.standard_normal((size, size)))[0]


def matrix(rows: int = 3, columns: int = 3) -> Draw:
    """A well-conditioned matrix with separated singular values between 1 and 3."""

    def draw(generator, dtype):
        rank = min(rows, columns)
        (values,) = between(1, 3, (rank,))(generator, np.dtype(np.float64))
        left, right = _orthogonal(generator, rows), _orthogonal(generator, columns)
        return (((left[:, :rank] * values) @ right[:rank]).astype(dtype),)

    return draw


def symmetric(low: float, high: float, size: int = 3) -> Draw:
    """A symmetric matrix with separated eigenvalues between low and high."""

    def draw(generator, dtype):
        (values,) = between(low, high, (size,))(generator, np.dtype(np.float64))
        vectors = _orthogonal(generator, size)
        return (((vectors * values) @ vectors.T).astype(dtype),)

    return draw


def diagonalisable(generator: np.random.Generator, dtype: np.dtype) -> tuple[np.ndarray, ...]:
    """A matrix that is not symmetric, with separated real eigenvalues."""
    (values,) = between(0.5, 3.5, (3,))(generator, np.dtype(np.float64))
    (vectors,) = matrix()(generator, np.dtype(np.float64))
    return (((vectors * values) @ np.linalg.inv(vectors)).astype(dtype),)


ONE = between(-1.5, 1.5, (2, 3))  # cells of 1/2: kinks at multiples of 1/2 are avoided
TWO = between(-1.5, 1.5, (2, 3), (2, 3))
POSITIVE = between(0.5, 3, (2, 3))
UNIT = between(0.1, 0.9, (2, 3))
INSIDE = between(-0.9, 0.9, (2, 3))
VECTOR = between(-1.5, 1.5, (6,))
VECTORS = between(-1.5, 1.5, (3,), (3,))
SCALAR = between(0.5, 1.5, ())
