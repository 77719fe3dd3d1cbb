"""The time of a step: every contender in turns, compilation apart, medians."""

from collections.abc import Callable
from typing import Any, NamedTuple

from comparisons.measures.speed.tools import Time, medians, seconds_of
from comparisons.measures.training.contenders import MUTATING, TORCH, Train, contenders
from comparisons.measures.training.problems import Problem

_ROUNDS = 9
_TRIALS = 1


class Timing(NamedTuple):
    """One network: seconds a step and of the first run, by contender.

    Attributes:
        name: of the problem.
        steps: of one run.
        seconds: a step, the median of runs in turns.
        first: the whole first run, compilation included.
        single: those that were quicker with one thread than with all, and so were timed with one.
    """

    name: str
    steps: int
    seconds: dict[str, float]
    first: dict[str, float]
    single: tuple[str, ...]

    def ratio(self, contender: str, to: str) -> float:
        """How many times longer a contender's step is than another's; NaN where one is absent."""
        nothing = float("nan")
        return self.seconds.get(contender, nothing) / self.seconds.get(to, nothing)


def timed(problem: Problem, rounds: int = _ROUNDS) -> Timing:
    """All contenders on one problem, NumPy and PyTorch with as many threads as suit them best."""
    trains = {name: prepare(problem) for name, prepare in contenders().items()}
    first = {name: seconds_of(train).seconds for name, train in trains.items()}
    single = tuple(name for name in (MUTATING, TORCH) if name in trains and _alone(trains[name]))
    runs = {
        name: _timer(_with_one_thread(train) if name in single else train)
        for name, train in trains.items()
    }
    steps = problem.steps
    seconds = {name: time.seconds / steps for name, time in medians(runs, rounds).items()}
    return Timing(problem.name, steps, seconds, first, single)


def _timer(train: Callable[[], Any]) -> Callable[[], Time]:
    return lambda: seconds_of(train)


def _with_one_thread(train: Train) -> Callable[[], Any]:
    from threadpoolctl import threadpool_limits

    def run() -> Any:
        with threadpool_limits(1):
            return train()

    return run


def _alone(train: Train) -> bool:
    """Whether one thread is quicker than all: on small products, or where others work too."""
    runs = {"one": _timer(_with_one_thread(train)), "all": _timer(train)}
    found = medians(runs, _TRIALS)
    return found["one"].seconds < found["all"].seconds
