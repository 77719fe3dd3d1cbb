"""What an audit says of one program, and what it leaves behind, against what it should."""

import contextlib
import io
import random
from collections.abc import Callable
from time import perf_counter
from types import GeneratorType
from typing import Any, NamedTuple

import jax
import numpy as np

from comparisons.measures.purity.lookup import looked_up, state_of
from comparisons.measures.purity.programs import Program
from comparisons.measures.purity.programs.program import Finding
from purenet.purity import audit

EXCEPTION = "exception"  # where the audit itself raised one: reported, and never wanted
STATE = frozenset({"mutates-state", "leaked-tracer", "stale-capture", "captured-array"})


class Verdict(NamedTuple):
    """What an audit reported of one program.

    Attributes:
        program: its name.
        wanted: the findings that it should report, a subject of None for any.
        reported: those that it did, or the exception that it raised.
        changed: what of the caller's was not as before when the audit was over.
        seconds: what the audit took.
    """

    program: str
    wanted: frozenset[Finding]
    reported: frozenset[tuple[str, str]]
    changed: tuple[str, ...]
    seconds: float

    @property
    def missed(self) -> frozenset[Finding]:
        """What is there and was not reported."""
        return frozenset(w for w in self.wanted if not any(_meets(w, r) for r in self.reported))

    @property
    def false(self) -> frozenset[tuple[str, str]]:
        """What was reported and is not there."""
        return frozenset(r for r in self.reported if not any(_meets(w, r) for w in self.wanted))

    @property
    def right(self) -> bool:
        """Whether exactly what is there was reported."""
        return not self.missed and not self.false

    def __str__(self) -> str:
        """A wrong verdict in words."""
        words = [
            f"{kind} of {subject or 'whatever'} missed" for kind, subject in _in_order(self.missed)
        ]
        words += [f"{kind} of {subject} is not there" for kind, subject in _in_order(self.false)]
        words += [f"{what} changed" for what in self.changed]
        return f"{self.program}: {'; '.join(words) or 'right'}"


def verdict(program: Program) -> Verdict:
    """Audit a program made afresh, and look at what the audit left behind."""
    function, args = program.build()
    before = _of_the_caller(program, function, args)
    said = io.StringIO()
    start = perf_counter()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        reported = _reported(program, function, args)
        jax.effects_barrier()  # callbacks that are still under way print now or never
    seconds = perf_counter() - start
    after = _of_the_caller(program, function, args)
    changed = [name for name, state in before.items() if after[name] != state]
    may_say = any(kind == "side-effect" for kind, _ in program.findings)
    changed += ["output"] if said.getvalue() and not may_say else []
    return Verdict(program.name, program.findings, reported, tuple(changed), seconds)


def _reported(program: Program, function: Callable, args: tuple) -> frozenset[tuple[str, str]]:
    try:
        report = audit(function, *args, argnums=program.argnums)
    except Exception as error:  # whatever the audit says to a program is a verdict on it
        return frozenset({(EXCEPTION, f"{type(error).__name__}: {str(error)[:200]}")})
    return frozenset((f.kind, subject) for f in report.findings for subject in f.subjects)


def _of_the_caller(program: Program, function: Callable, args: tuple) -> dict[str, Any]:
    """The state of all that an audit must leave as it was: arguments, names, random states."""
    captured = {subject for kind, subject in program.findings if kind in STATE and subject}
    return {
        "args": state_of(args),
        "numpy.random": state_of(np.random.get_state()),  # noqa: NPY002, what programs draw from
        "random": random.getstate(),
        **{name: _state_by_name(function, name) for name in captured},
    }


def _state_by_name(function: Callable, name: str) -> Any:
    try:
        value = looked_up(function, name)
        # a generator can be drawn from, and not be put back
        return None if isinstance(value, GeneratorType) else state_of(value)
    except (AttributeError, KeyError):
        return "absent"  # an attribute that the first call makes


def _meets(wanted: Finding, reported: tuple[str, str]) -> bool:
    return wanted[0] == reported[0] and wanted[1] in (None, reported[1])


def _in_order(findings: frozenset) -> list:
    return sorted(findings, key=str)
