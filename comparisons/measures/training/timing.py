"""The time of a step: every contender in turns, compilation apart, medians."""

from statistics import median
from typing import NamedTuple

from comparisons.measures.speed.tools import seconds_of
from comparisons.measures.training.contenders import (
    MUTATING,
    TORCH,
    Train,
    contenders,
    with_one_thread,
)
from comparisons.measures.training.problems import Problem

_ROUNDS = 9


class Timing(NamedTuple):
    """One network: seconds a step and of the first run, by contender.

    Attributes:
        name: of the problem.
        steps: of one run.
        rounds: seconds a step of every run, by contender; they take turns.
        first: the whole first run, compilation included.
        single: those that were quicker with one thread than with all, and so were timed with one.
    """

    name: str
    steps: int
    rounds: dict[str, list[float]]
    first: dict[str, float]
    single: tuple[str, ...]

    def seconds(self, contender: str) -> float:
        """A step, the median of its runs."""
        return median(self.rounds[contender])

    def ratio(self, contender: str, to: str) -> float:
        """How many times longer a contender's step is than another's, run beside run: the median.

        Two runs of one round meet much the same weather; the medians of each may not.
        """
        pairs = zip(self.rounds[contender], self.rounds[to], strict=True)
        return median(one / other for one, other in pairs)


def timed(problem: Problem, rounds: int = _ROUNDS) -> Timing:
    """All contenders on one problem, NumPy and PyTorch with as many threads as suit them best."""
    everyone = contenders()
    short = problem._replace(epochs=1)
    single = tuple(
        name
        for name in (MUTATING, TORCH)
        if name in everyone and _alone_is_quicker(everyone[name](short))
    )
    runs = {
        name: with_one_thread(prepare(problem)) if name in single else prepare(problem)
        for name, prepare in everyone.items()
    }
    first = {name: seconds_of(train).seconds for name, train in runs.items()}
    found: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(rounds):
        for name, train in runs.items():
            found[name].append(seconds_of(train).seconds / problem.steps)
    return Timing(problem.name, problem.steps, found, first, single)


def _alone_is_quicker(train: Train) -> bool:
    """Whether one thread beats all of them: on small products, or where others work too."""
    train()
    return seconds_of(with_one_thread(train)).seconds < seconds_of(train).seconds
