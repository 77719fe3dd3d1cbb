"""The time of a step: every contender in turns, compilation apart, medians."""

from collections.abc import Callable
from statistics import median
from typing import Any, NamedTuple

from comparisons.measures.speed.tools import seconds_of
from comparisons.measures.training.contenders import MUTATING, TORCH, Train, contenders
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
    trains = {name: prepare(problem) for name, prepare in contenders().items()}
    first = {name: seconds_of(train).seconds for name, train in trains.items()}
    single = tuple(name for name in (MUTATING, TORCH) if name in trains and _alone(trains[name]))
    runs = {
        name: _with_one_thread(train) if name in single else train for name, train in trains.items()
    }
    found: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(rounds):
        for name, train in runs.items():
            found[name].append(seconds_of(train).seconds / problem.steps)
    return Timing(problem.name, problem.steps, found, first, single)


def _with_one_thread(train: Train) -> Callable[[], Any]:
    from threadpoolctl import threadpool_limits

    def run() -> Any:
        with threadpool_limits(1):
            return train()

    return run


def _alone(train: Train) -> bool:
    """Whether one thread is quicker than all: on small products, or where others work too."""
    return seconds_of(_with_one_thread(train)).seconds < seconds_of(train).seconds
