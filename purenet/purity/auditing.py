"""audit and assert_pure: what a loss reads, ignores, captures and changes."""

import time
from collections.abc import Callable, Sequence
from typing import Any

from purenet import jaxprs
from purenet.fd.point import Point
from purenet.purity import program_findings, run_findings
from purenet.purity.arguments import point_of
from purenet.purity.experiment import Experiment
from purenet.purity.findings import Fact, findings
from purenet.purity.late_binding import late_bindings
from purenet.purity.report import ImpureLoss, PurityReport
from purenet.purity.substitution import auditing


def assert_pure(function: Callable, *args: Any, argnums: int | Sequence[int] = 0) -> PurityReport:
    """`audit`, raising `ImpureLoss`, an AssertionError, where there are findings.

    >>> import jax.numpy as jnp
    >>> W = jnp.ones(3)
    >>> assert_pure(lambda p: jnp.sum(p**2), W).ok
    True
    >>> assert_pure(lambda p: jnp.sum(W**2), W)
    Traceback (most recent call last):
        ...
    purenet.purity.report.ImpureLoss: <lambda>: 2 findings: ignored-parameter, captured-array
    ...
    """
    __tracebackhide__ = True  # pytest shows the call and the report
    report = audit(function, *args, argnums=argnums)
    if not report.ok:
        raise ImpureLoss(report)
    return report


def audit(function: Callable, *args: Any, argnums: int | Sequence[int] = 0) -> PurityReport:
    """What a function of parameters reads beside them, ignores of them, captures and changes.

    JAX code is traced a few times, and its programs (of the value, of the derivative) are read and
    evaluated. NumPy code is called a few times: at these parameters, at others, with other captured
    arrays. That is observed and not interfered with: what the function prints is printed, what it
    writes is written, and a generator or an open file that it draws from is drawn from, once.

    What a call changes in memory is put back, also where it raises and at Ctrl-C: arrays, lists,
    dictionaries, attributes, closures, globals, random states, settings of Python, NumPy and JAX.
    Its arguments' containers and NumPy arrays are copies. To try another captured array, what leads
    to it is copied; where that cannot be, the array itself is another one for one call, and no
    other audit runs meanwhile.

    Out of sight are: what a function does in threads or processes that it starts; what other
    packages set on modules on its behalf; what it writes into objects that only they hold, or into
    arrays behind functions written in C; and, of functools caches, which entries are new, so that
    one that a call has put something into is emptied.

    Args:
        function: a loss, ``function(*args)``, for JAX or for NumPy; any pytree of outputs.
        args: its arguments, as one would pass them; numbers, since values decide some findings.
        argnums: which of them hold the parameters, as in jax.grad.

    Returns:
        A `PurityReport`: ``ok``, ``findings`` (each with kind, subject, place, explanation, remedy
        and the numbers that show it), ``notes``; readable as text, in rich, as HTML and as JSON.

    Raises:
        TypeError, ValueError: as `purenet.fd.grad`, where there is nothing to call or to move.
        Exception: whatever the function itself raises.

    >>> import numpy as np
    >>> class Net:
    ...     def __init__(self):
    ...         self.W = np.ones((2, 3))
    ...     def loss(self, x):
    ...         return np.sum((x @ self.W) ** 2)
    >>> net, x = Net(), np.ones((1, 2))
    >>> print(audit(lambda W: net.loss(x), net.W))
    <lambda>: 2 findings: ignored-parameter, aliased-state
    ignored-parameter: W (...)
      Nothing that <lambda> computes reads W: ...
    aliased-state: net.W (...)
      <lambda> reads `net.W`, which is the very one passed as W. ...
    """
    start = time.perf_counter()
    with jaxprs.own_settings():
        point = point_of(function, args, argnums)
        facts = [*program_findings.integer_parameters(point), *late_bindings(function)]
        leaks, notes = list(run_findings.leaked_before(point)), []
        if not leaks:
            with auditing():
                found, notes = _by_running(point)
                facts += found
    found = findings(point.name, [*facts, *leaks])
    told = {subject for finding in found for subject in finding.subjects}
    noted = [note for note in notes if note.subject not in told]
    return PurityReport(point.name, found, findings(point.name, noted), time.perf_counter() - start)


def _by_running(point: Point) -> tuple[list[Fact], list[Fact]]:
    """The findings, and the notes, of all experiments."""
    experiment = Experiment(point)
    facts = list(run_findings.of_runs(experiment))
    notes = list(run_findings.caches(experiment))
    if experiment.used_up:
        return facts, notes
    if not experiment.traces:
        written = {fact.subject for fact in facts if fact.kind == "mutates-argument"}
        facts += run_findings.restored_writes(experiment, written)
    else:
        callbacks = jaxprs.callbacks(experiment.traced.call, experiment.leaves)
        facts += [Fact("side-effect", name, where, group=name) for name, where in callbacks]
        facts += program_findings.key_reuse(experiment)
        if any(name == "io_callback" for name, _ in callbacks):
            return facts, notes  # to evaluate the program would be to call it
    facts += run_findings.randomness(experiment)
    if not experiment.fails:
        facts += program_findings.stale_captures(experiment)
    if experiment.fails or any(fact.kind == "nondeterministic" for fact in facts):
        return facts, notes  # values that differ anyway show nothing
    found, more = program_findings.of_values(experiment)
    return [*facts, *found], [*more, *notes]
