"""The verdicts of a check on one function that nothing is wrong with."""

from time import perf_counter
from typing import NamedTuple

import numpy as np

import purenet
from comparisons.measures.alarms.corpus import Case


class Verdict(NamedTuple):
    """What a check said of one function at one point.

    Attributes:
        function: its name.
        dtype: of the arguments.
        point: the number of the point.
        alarm: the first lines of the report, or the exception; empty where all agrees.
        compared: the number of derivatives compared.
        undecided: why there is no verdict; empty where there is one.
        seconds: what the check took.
    """

    function: str
    dtype: str
    point: int
    alarm: str
    compared: int
    undecided: str
    seconds: float

    @property
    def namespace(self) -> str:
        """The module of the function; of a distribution, jax.scipy.stats."""
        name = self.function.split("[")[0]
        return "jax.scipy.stats" if name.startswith("jax.scipy.stats") else name.rsplit(".", 1)[0]


def verdicts(case: Case, dtype: np.dtype, points: int) -> list[Verdict]:
    """Check a function at random points, with respect to all its arguments."""
    return [_verdict(case, dtype, point) for point in range(points)]


def _verdict(case: Case, dtype: np.dtype, point: int) -> Verdict:
    arguments = case.arguments(np.random.default_rng([point, *case.name.encode()]), dtype)
    start = perf_counter()
    head = case.name, dtype.name, point
    try:
        report = purenet.compare_grads(
            case.function,
            *arguments,
            argnums=_all(arguments),
            allow_unused=True,  # rounding and signs have no derivative, and are right to have none
        )
    except Exception as error:  # whatever JAX or the check says is an alarm, and goes into the row
        said = f"{type(error).__name__}: {str(error)[:200]}"
        return Verdict(*head, said, 0, "", perf_counter() - start)
    lines = [line.strip() for line in str(report).splitlines()[:2]]
    alarm = " ".join(lines) if report.verdict == "disagrees" else ""
    undecided = "; ".join(report.unproved)
    return Verdict(*head, alarm, report.compared, undecided, report.seconds)


def _all(arguments: tuple) -> tuple[int, ...]:
    return tuple(range(len(arguments)))
