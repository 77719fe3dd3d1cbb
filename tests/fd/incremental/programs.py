"""Random programs, composed of a table's operations, and what such a table is written with."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from hypothesis import strategies as st
from jax import lax

LARGEST = 60  # elements of an intermediate value, beyond which it is cut: dense is the oracle
FACTOR = 0.3  # for what grows: values stay of moderate size, and the tolerance means something


class Step(NamedTuple):
    """One operation: its name in the table, which other value it reads, and its numbers."""

    name: str
    other: int
    numbers: tuple[int, int, int]


@dataclass(frozen=True)
class Program:
    """A function of one or two leaves: steps, each applied to what the one before it gives."""

    steps: tuple[Step, ...]
    ending: int
    seed: int
    operations: dict[str, Callable] = field(repr=False)  # a failure prints the names of its steps

    def __call__(self, *leaves):
        values = list(leaves)
        x = leaves[0]
        for place, step in enumerate(self.steps):
            constant = Constants(self.seed + 100 * place)
            x = at_most_four_axes(jnp.atleast_1d(x))
            choice = step.other % (len(values) + 1)  # the last choice is a constant
            y = values[choice] if choice < len(values) else constant(*x.shape)
            x = cut(self.operations[step.name](x, y, step.numbers, constant))
            values.append(x)
        middle = values[len(values) // 2]
        endings = {
            "as it is": lambda: x,
            "a scalar": lambda: jnp.sum(jnp.sin(x)),
            "a tree": lambda: (x, {"total": jnp.mean(x), "middle": FACTOR * middle}),
            "all leaves": lambda: [jnp.sum(x) * jnp.sum(v) for v in leaves],
        }
        return list(endings.values())[self.ending % len(endings)]()


class Constants:
    """Constant arrays, the same ones each time a program is called."""

    def __init__(self, seed):
        self._generator = np.random.default_rng(seed)

    def __call__(self, *shape):
        return jnp.asarray(self._generator.normal(size=shape))

    def whole(self, largest, *shape):
        """Integers below a limit."""
        return jnp.asarray(self._generator.integers(0, largest, size=shape))

    def places(self, size, count):
        """Positions that differ, so that it does not matter in which order they are written."""
        return jnp.asarray(self._generator.permutation(size)[:count])


def at_most_four_axes(x):
    return x if x.ndim <= 4 else x.reshape(-1, *x.shape[-3:])


def ranked(x, rank):
    """The array with so many axes: the first ones merged, or some of size one before them."""
    if x.ndim < rank:
        return x.reshape(*(1,) * (rank - x.ndim), *x.shape)
    return x.reshape(-1, *x.shape[x.ndim - rank + 1 :])


def like(y, shape):
    """The other value as an array of a shape: broadcast where it fits, else refilled."""
    try:
        return jnp.broadcast_to(y, shape)
    except ValueError:
        return jnp.resize(y, shape)


def cut(x):
    """The array, its longest axis halved until it is small."""
    while x.size > LARGEST:
        axis = int(np.argmax(x.shape))
        x = lax.slice_in_dim(x, 0, -(-x.shape[axis] // 2), axis=axis)
    return x


def split_size(x, i):
    """A shape of two axes with as many elements."""
    divisors = [d for d in range(1, x.size + 1) if x.size % d == 0]
    first = divisors[i % len(divisors)]
    return first, x.size // first


def positive(x):
    """A well-conditioned matrix made from any array."""
    x = jnp.tanh(ranked(x, 2)[:4])
    return x @ x.T + 5 * jnp.eye(x.shape[0])


def pads(x, numbers, *, negative):
    """Padding of every axis, some of it negative and inside, that leaves at least one element."""
    config = []
    for axis, n in enumerate(x.shape):
        low, high, inner = (np.roll(numbers, axis) % 3).tolist()
        low, high = (low - 1, high - 1) if negative and n > 2 else (low, high)
        config.append((low, high, inner))
    return config


def convolve(x, kernel, numbers, **options):
    i, j, k = numbers
    space = x.ndim - 2
    padding = ((2, 1 + i % 2), (2, 2))[:space]
    defaults = {"window_strides": (1 + i % 2, 1)[:space], "rhs_dilation": (1 + j % 2,) * space}
    defaults |= {"lhs_dilation": (1 + k % 2, 1)[:space], "padding": padding}
    return FACTOR * lax.conv_general_dilated(x, kernel, **(defaults | options))


def pool(x, start, combine, numbers, **options):
    i, j, k = numbers
    x = ranked(x, max(2, x.ndim))
    before = (1,) * (x.ndim - 2)
    dimensions, strides = (*before, 1 + i % 2, 1 + j % 3), (*before, 1 + k % 2, 1 + i % 2)
    padding = (*((0, 0),) * (x.ndim - 2), (i % 2, 1), (2, 2))
    dilation = (*before, 1, 1 + k % 2)
    return lax.reduce_window(
        x, start, combine, dimensions, strides, padding, window_dilation=dilation, **options
    )


def around(x, n, constant):
    """A constant array that is longer than x along several axes."""
    return constant(*(size + (n[axis % 3] + axis) % 3 for axis, size in enumerate(x.shape)))


def corner(x, n):
    """The shape of something shorter than x along several axes."""
    return tuple(max(1, size - (n[axis % 3] + axis) % 3) for axis, size in enumerate(x.shape))


def starts(x, n):
    return tuple((n[axis % 3] + axis) % (size + 1) for axis, size in enumerate(x.shape))


def scanned(x, carry, *, outputs=False, reverse=False):
    def layer(state, row):
        state = jnp.tanh(state * row + 0.1)
        return state, (state[..., :1] * row if outputs else None)

    carry, rows = lax.scan(layer, carry, x, reverse=reverse)
    return rows if outputs else carry


def counted(x, y):
    def layer(state, row):
        value, count = state
        return (jnp.tanh(value + row * y[count % y.shape[0]]), count + 1), None

    return lax.scan(layer, (0.5 * jnp.ones(x.shape[1:]), 0), x)[0][0]


def layers(x, constant):
    weights = ranked(x, 3)
    rows, columns = weights.shape[1:]
    back = constant(columns, rows)

    def step(state, weight):
        return jnp.tanh(state @ weight @ back) + 0.1 * state, None

    return lax.scan(step, constant(2, rows), weights)[0]


def looped(x, limit):
    """A loop that ends when the values are small, or after some rounds."""
    return lax.while_loop(
        lambda s: (s[0] < limit) & (jnp.sum(s[1] ** 2) > 0.7),
        lambda s: (s[0] + 1, 0.6 * jnp.sin(s[1]) + 0.01 * s[0]),
        (0, x),
    )[1]


def axis_of(x, i):
    return i % x.ndim


@st.composite
def programs(draw, operations, most=6):
    """A program and its leaves, which are small arrays of float64.

    Args:
        draw: hypothesis's own.
        operations: the table: each is called as f(x, y, n, c), with the current value, another
            value of any shape, three numbers from 0 to 5 and the source of constants.
        most: operations of a program.
    """
    shapes = draw(
        st.lists(st.lists(st.integers(1, 5), min_size=1, max_size=3), min_size=1, max_size=2)
    )
    seed = draw(st.integers(0, 10**6))
    # hypothesis likes to repeat what it has drawn: in a table shuffled anew that is another one
    generator = np.random.default_rng(seed)
    names = st.sampled_from(generator.permutation(list(operations)).tolist())
    step = st.builds(Step, names, st.integers(0, 5), st.tuples(*[st.integers(0, 5)] * 3))
    steps = draw(st.lists(step, min_size=2, max_size=most, unique_by=lambda step: step.name))
    leaves = [generator.normal(size=shape) for shape in shapes]
    return Program(tuple(steps), draw(st.integers(0, 3)), seed, operations), leaves
