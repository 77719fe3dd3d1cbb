"""Bisection: from a direction along which two derivatives disagree to the coordinates at fault."""

from collections.abc import Sequence
from itertools import accumulate
from typing import NamedTuple

import numpy as np

from purenet import jaxprs
from purenet.check.witness import Tree, Witness, real_vector
from purenet.fd.numbers import side_by_side
from purenet.fd.setup import Setup
from purenet.fd.stencils import extrapolation_weights

_MOST = 8  # coordinates that are traced; more are a pattern, which the first of them show
# without it test_one_is_found_wherever_it_is fails
_EVALUATIONS = 400
# without it test_small_errors_are_found_and_no_others fails
_MARGIN = 32  # a half may be off by more than the whole, in which errors of either sign cancel
# without it test_several_are_all_found fails
_QUIETEST = 1000  # how many times quieter than all of them a coordinate may be, to be followed
_STEPS = tuple(2.0**-e for e in range(4, 24, 2))  # of which one pair or two serve all the way


class Found(NamedTuple):
    """A coordinate at fault: its leaf, and its index among the leaf's real coordinates."""

    leaf: int
    coordinate: int


class Search(NamedTuple):
    """What a search came to.

    Attributes:
        found: the coordinates.
        complete: whether they account for all of the disagreement.
        evaluations: of the function.
    """

    found: list[Found]
    complete: bool
    evaluations: int


class _Rule(NamedTuple):
    """A difference quotient: steps, and the weight of each step's central difference."""

    steps: tuple[float, ...]
    weights: tuple[float, ...]

    @property
    def evaluations(self) -> int:
        return 2 * len(self.steps)


def located(
    setup: Setup,
    output: int,
    direction: Tree,
    witness: Witness,
    truth: float,
    bound: float,
) -> Search:
    """The coordinates that make JAX's derivative along a direction differ from the true one.

    The direction is cut in halves, and each half differenced: one coordinate among n takes
    2 log2(n) evaluations, or twice that where the disagreement is so small that a longer stencil is
    needed to see it. Where both halves disagree, both are followed.

    Args:
        setup: the function and its base point.
        output: of which output.
        direction: the direction, leaves in float64, none of whose entries vanishes.
        witness: JAX's derivative along any direction.
        truth: the derivative along the direction by finite differences.
        bound: how far apart the two may be.
    """
    search = _Searching(setup, output, direction, witness)
    total = search.jax_side(0, search.size) - truth
    rule, off = search.rule(truth, abs(total))
    found, stack = [], [(0, search.size, total)]
    audible = max(_MARGIN * off, bound, abs(total) / _QUIETEST)
    while stack and len(found) < _MOST and search.evaluations < _EVALUATIONS:
        low, high, error = stack.pop()
        if high - low == 1:
            found.append(search.at(low))
            continue
        middle = (low + high) // 2
        first = search.jax_side(low, middle) - search.difference(low, middle, rule)
        halves = [(low, middle, first), (middle, high, error - first)]
        heard = [half for half in halves if abs(half[2]) > audible]
        # of two halves with little to hear the louder one is followed
        stack += sorted(heard or [max(halves, key=_loudness)], key=_loudness)
    return Search(found, not stack, search.evaluations)


def _loudness(part: tuple[int, int, float]) -> float:
    return abs(part[2])


class _Searching:
    """One search: a direction cut to ranges of the coordinates of all leaves, in order."""

    def __init__(self, setup: Setup, output: int, direction: Tree, witness: Witness):
        self._setup = setup
        self._output = output
        self._flat = [real_vector(d) for d in direction]
        self._complex = [np.iscomplexobj(d) for d in direction]
        self._shapes = [d.shape for d in direction]
        self._starts = [0, *accumulate(d.size for d in self._flat)]
        self._witness = witness
        self.size = self._starts[-1]
        self.evaluations = 0

    def at(self, position: int) -> Found:
        """The coordinate at a position."""
        leaf = int(np.searchsorted(self._starts, position, side="right")) - 1
        return Found(leaf, position - self._starts[leaf])

    def jax_side(self, low: int, high: int) -> float:
        """JAX's derivative along the part of the direction between two positions."""
        return float(self._witness.along([self._cut(low, high)])[0][0, self._output])

    def difference(self, low: int, high: int, rule: _Rule) -> float:
        """The finite difference along that part."""
        quotients = self._quotients(self._cut(low, high), rule.steps)
        return float(np.dot(rule.weights, quotients))

    def rule(self, truth: float, disagreement: float) -> tuple[_Rule, float]:
        """The shortest rule that is precise enough for the disagreement, and how far it is off.

        It is tried on the whole direction, whose derivative is known.
        """
        quotients = self._quotients(self._cut(0, self.size), _STEPS)
        best = []
        for length in (1, 2, 3):
            weights = tuple(map(float, extrapolation_weights(length, ratio=4)))
            for first in range(len(_STEPS) - length + 1):
                error = abs(np.dot(weights, quotients[first : first + length]) - truth)
                best.append((error, _Rule(_STEPS[first : first + length], weights)))
            error, rule = min(best, key=lambda one: one[0])
            if error <= disagreement / (2 * _MARGIN):
                break
        return rule, error

    def _quotients(self, direction: Tree, steps: Sequence[float]) -> np.ndarray:
        offsets = np.array([*steps, *(-s for s in steps)])
        self.evaluations += offsets.size
        with jaxprs.working_precision(True):
            outputs = self._setup.evaluator.along_direction(direction, offsets)
        values = side_by_side(outputs, offsets.size)[:, self._output]
        plus, minus = np.split(values, 2)
        return (plus - minus) / (2 * np.array(steps))

    def _cut(self, low: int, high: int) -> Tree:
        """The direction with zeros outside a range of positions."""
        cut = []
        for start, flat, shape, is_complex in zip(
            self._starts, self._flat, self._shapes, self._complex, strict=False
        ):
            part = np.zeros_like(flat)
            inside = slice(max(low - start, 0), max(high - start, 0))
            part[inside] = flat[inside]
            if is_complex:
                real, imaginary = np.split(part, 2)
                part = real + 1j * imaginary
            cut.append(part.reshape(shape))
        return cut
