"""audit and assert_pure: what a loss reads, ignores, captures and changes."""

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from purenet import jaxprs
from purenet.purity import binding, captured, chance, conduct, keys, parameters, stale
from purenet.purity.call import Call, called
from purenet.purity.dependence import dependence
from purenet.purity.experiment import NEEDS_NUMBERS, Experiment, Run
from purenet.purity.report import Finding, ImpureLoss, PurityReport
from purenet.purity.unique import ConsumedError
from purenet.purity.watch import RefusedError, Watch, watching


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

    JAX code is traced and its programs (of the value, of the derivative) are read; NumPy code is
    called at other parameters and with other captured arrays. All of that happens on copies of the
    arguments and of everything that the function can reach: nothing of the caller's changes, what
    it would print or write goes nowhere, the global random states are put back. Only what neither
    Python nor its libraries let one copy is shared with the copies.

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
    call = called(function, args, argnums)
    _require_values(call)
    findings: list[Finding] = list(parameters.integer_parameters(call))
    findings += binding.late_bindings(function)
    leaks = list(conduct.leaked_before(call))
    notes: list[Finding] = []
    with watching() as watch:
        if not leaks:
            try:
                found, notes = _by_running(call, watch)
                findings += found
            except ConsumedError as error:
                findings.append(conduct.consumed(call, error.thing))
            except RefusedError:  # the watch knows what was refused
                pass
    findings += [*leaks, *conduct.outside(call, watch)]
    return PurityReport(call.name, tuple(findings), tuple(notes), time.perf_counter() - start)


def _by_running(call: Call, watch: Watch) -> tuple[list[Finding], list[Finding]]:
    """The findings, and the notes, of all experiments."""
    experiment = Experiment(call)
    try:
        run = experiment.repeated()
    except NEEDS_NUMBERS:  # inside of a loop or a branch of JAX's it cannot run at all
        return list(conduct.untraceable(experiment)), []
    findings = [
        *conduct.untraceable(experiment),
        *conduct.changes(experiment, run),
        *conduct.settings(experiment, run),
        *chance.global_random(experiment, run),
    ]
    if not experiment.traces:
        findings += conduct.writes(experiment, {finding.subject for finding in findings})
    calls_back = False
    if experiment.traces:
        for subject, where in jaxprs.callbacks(experiment.program(), call.values):
            watch.record(subject, where)
            calls_back = calls_back or subject == "io_callback"
        findings += keys.key_reuse(experiment)
    if calls_back:  # to evaluate the program would be to call it
        return findings, list(_caches(run, findings))
    unsteady = list(chance.unsteady(experiment))
    findings += [*unsteady, *stale.stale_captures(experiment)]
    if unsteady:  # values that differ anyway show nothing
        return findings, list(_caches(run, findings))
    found, reads = dependence(experiment), captured.Reads(experiment)
    instead, about = [], []
    for read, said in captured.findings_on_reads(experiment, found, reads):
        instead.append(read)
        about += said
    findings += [*parameters.without_effect(experiment, found, instead), *about]
    told = {finding.subject for finding in findings}
    notes = [*parameters.stationary(experiment, found), *captured.data(experiment, reads, told)]
    return findings, [*notes, *_caches(run, findings)]


def _caches(run: Run, findings: list[Finding]) -> Iterator[Finding]:
    return conduct.caches(run, {finding.subject for finding in findings})


def _require_values(call: Call) -> None:
    for leaf, path in zip(call.leaves, call.paths, strict=True):
        if jaxprs.is_traced(leaf):
            raise TypeError(
                f"got {path} as a tracer, inside jit, vmap or grad; wanted numbers, since the "
                "function is called at several of them; call it outside"
            )
