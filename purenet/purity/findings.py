"""The kinds of finding: each with its sentence, its remedy and its place in a report."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np


class Kind(NamedTuple):
    """A kind of finding.

    Attributes:
        summary: what it is, in a few words; README's list is made of these.
        ways: the ways in which it comes, each with its sentence and its remedy, in which a fact's
            words stand for the names in braces.
    """

    summary: str
    ways: Mapping[str, tuple[str, str]]


@dataclass(frozen=True)
class Finding:
    """One thing that a function does beside mapping its parameters to a value.

    Attributes:
        kind: one of ``KINDS``.
        subject: the parameter's path or the captured name that it is about: ``net.W``.
        where: file and line, ``net.py:12``; "" where unknown.
        explanation: what was found, and why it matters.
        remedy: the smallest change that fixes it.
        evidence: the numbers of the experiment that showed it, by what was done.
        also: the further subjects of the same fact.
    """

    kind: str
    subject: str
    where: str
    explanation: str
    remedy: str
    evidence: dict[str, Any] = field(default_factory=dict)
    also: tuple[str, ...] = ()

    def __post_init__(self):
        """JSON has lists for tuples."""
        object.__setattr__(self, "also", tuple(self.also))

    @property
    def subjects(self) -> tuple[str, ...]:
        """All that it is about."""
        return (self.subject, *self.also)

    def __str__(self) -> str:
        """Kind, subjects and place; what was found; how to fix it; the evidence."""
        at = f" ({self.where})" if self.where else ""
        lines = [f"{self.kind}: {listed(self.subjects)}{at}", f"  {self.explanation}"]
        lines += [f"  fix: {self.remedy}"] if self.remedy else []
        width = max(map(len, self.evidence), default=0)
        lines += [f"    {key:<{width}}  {shown(value)}" for key, value in self.evidence.items()]
        return "\n".join(lines)


class Fact(NamedTuple):
    """What is seen; facts of one group are one finding.

    Attributes:
        kind: one of ``KINDS``.
        subject: what it is about.
        where: file and line.
        way: which of the kind's ways it is.
        words: what stands for the names in the way's sentence and remedy.
        evidence: the numbers that show it.
        group: what it shares with other facts of its kind and way; None where it stands alone.
    """

    kind: str
    subject: str
    where: str = ""
    way: str = ""
    words: Mapping[str, str] = {}
    evidence: Mapping[str, Any] = {}
    group: str | None = None


def findings(function: str, facts: Iterable[Fact]) -> tuple[Finding, ...]:
    """Facts as findings: those of one group as one, in the order of their kinds.

    Args:
        function: the name of the function that they are about.
        facts: what was seen.
    """
    groups: dict[Any, list[Fact]] = {}
    for number, fact in enumerate(facts):
        alone = number if fact.group is None else None
        groups.setdefault((fact.kind, fact.way, fact.group, alone), []).append(fact)
    ordered = sorted(groups.values(), key=lambda group: KINDS.index(group[0].kind))
    return tuple(_finding(function, group) for group in ordered)


def _finding(function: str, facts: list[Fact]) -> Finding:
    first, *others = facts
    also = tuple(dict.fromkeys(f.subject for f in others if f.subject != first.subject))
    sentence, remedy = REGISTRY[first.kind].ways[first.way]
    words = {"function": function, "subject": first.subject, **first.words}
    words["subjects"] = listed([first.subject, *also])
    return Finding(
        first.kind,
        first.subject,
        first.where,
        sentence.format_map(words),
        remedy.format_map(words),
        dict(first.evidence),
        also,
    )


def listed(names: Iterable[str], most: int = 4) -> str:
    """Names as a text has them: all of a few, else the first ones and how many there are."""
    names = list(names)
    if len(names) > most:
        return f"{', '.join(names[:most])} and {len(names) - most} more"
    return " and ".join(filter(None, [", ".join(names[:-1]), *names[-1:]]))


def shown(value: Any) -> str:
    """A number or a thing on one line."""
    if isinstance(value, float | np.floating):
        return f"{value:.10g}"
    text = " ".join(str(value).split())
    return text if len(text) <= 80 else f"{text[:77]}..."


_READ_INSTEAD = "read {argument} in place of `{subject}`"
_IGNORED = (
    "Nothing that {function} computes reads {subjects}: the derivative is zero, and every gradient "
    "checker that compares zero with zero is content."
)
_PUT_IN = "pass {subjects} as an argument, and return what it becomes"
REGISTRY: dict[str, Kind] = {
    "ignored-parameter": Kind(
        "a parameter that the value never reads",
        {
            "": (_IGNORED, "use {subjects}, or take it out of the arguments"),
            "instead": (
                _IGNORED + " The value comes from {instead} instead.",
                "read {subject} in place of {instead}",
            ),
        },
    ),
    "zero-derivative": Kind(
        "a parameter that is only read through `argmax`, `round`, a cast or a comparison",
        {
            "": (
                "The value reads {subject}, but only through {through}, whose derivative is zero "
                "wherever it exists: jax.grad returns zeros without a word.",
                "use something smooth there, or take {subject} out of the parameters where it is "
                "meant to stay constant",
            ),
        },
    ),
    "vanishing-derivative": Kind(
        "a derivative that is zero all around: a dead unit, a saturated one, a factor of zero",
        {
            "": (
                "The value reads {subject}, but its derivative is numerically zero, here and all "
                "around: a unit that is never active, a factor of zero, or a saturated one. "
                "Gradient descent cannot move it.",
                "look at what {subject} is multiplied with, and at the scale of its values",
            ),
            "here": ("the derivative is zero at these parameters and not around them", ""),
        },
    ),
    "captured-array": Kind(
        "a captured array that is read in the place of a parameter, or beside it",
        {
            "instead": (
                "The value comes from the captured array `{subject}`, of the shape of {argument}, "
                "which is ignored.",
                _READ_INSTEAD,
            ),
            "untried": (
                "{function} holds the array `{subject}`, which is {argument} or its like, and "
                "ignores {argument}. Whether it is what the value comes from could not be tried: "
                "{reason}.",
                _READ_INSTEAD,
            ),
            "beside": (
                "{function} reads `{subject}` beside {argument}, and the two are one array: the "
                "derivative with respect to {argument} leaves out what the value owes to "
                "`{subject}`.",
                _READ_INSTEAD + "; where a constant is meant, pass a copy as data",
            ),
            "data": (
                "captured array {array}, taken for data; derivatives with respect to it are not "
                "asked for",
                "",
            ),
        },
    ),
    "stale-capture": Kind(
        "a captured value that has changed since `jit` froze it",
        {
            "": (
                "jit froze {subject} when it traced {function}; {subject} has changed since, and "
                "the compiled function does not know: it still computes with the old value.",
                "pass {subject} as an argument",
            ),
        },
    ),
    "aliased-state": Kind(
        "captured state that is the very array passed: only writing into it moves the value",
        {
            "": (
                "{function} reads `{subject}`, which is the very one passed as {argument}. Writing "
                "into it moves the value; passing another one, or a copy, does not.",
                "read {argument} in place of `{subject}`, and pass what is needed as arguments",
            ),
        },
    ),
    "mutates-argument": Kind(
        "an argument that is written to",
        {
            "": (
                "{function} writes into its argument {subject}: the caller's own array or "
                "container is another one afterwards.",
                "work on a copy of {subject}, or return the new value",
            ),
            "restored": (
                "{function} writes into its argument {subject} and puts back what was there: until "
                "it has, everybody else who holds the array reads other numbers, and for good "
                "where it raises half-way.",
                "work on a copy of {subject}",
            ),
        },
    ),
    "mutates-state": Kind(
        "an attribute, a global, a container, a generator or a setting that a call changes",
        {
            "": (
                "A call of {function} changes {subjects}: what a call gives can depend on the "
                "calls before it, and jit runs the change once, when it traces, or never.",
                _PUT_IN,
            ),
            "kept": (
                "A call of {function} keeps what it was given or has computed in {subjects}: a "
                "second call overwrites it, and jit stores a tracer there, or nothing.",
                _PUT_IN,
            ),
            "setting": (
                "A call of {function} changes {subject}: a setting of the whole process, for all "
                "code that runs after it.",
                "set it once, outside, or for a block (np.errstate, jax.enable_x64)",
            ),
            "used up": (
                "{function} draws from {subject}: what a call takes from it is gone for the next "
                "one. It cannot be put back, so no further call was made.",
                "pass what is drawn as an argument",
            ),
            "by id": (
                "{function} keeps results in {subject} by the id of an array. An id says nothing "
                "of what is in the array, and passes to another one when the array is gone: the "
                "result is then that of other numbers.",
                "compute it anew, or keep it beside the array itself and drop it when that changes",
            ),
            "cache": ("filled by a first call and left alone by later ones: taken for a cache", ""),
        },
    ),
    "global-random": Kind(
        "numbers drawn from a global generator",
        {
            "": (
                "{function} draws from, or seeds, the global generator of {subject}: two calls on "
                "equal inputs differ, and jit freezes the numbers of the first.",
                "draw from a key (jax.random) or a generator that is passed as an argument",
            ),
        },
    ),
    "nondeterministic": Kind(
        "a value that does not repeat",
        {
            "": (
                "Two calls of {function} on equal inputs, from equal state, give two values: there "
                "is no derivative to speak of.",
                "pass what varies (the time, a generator, the order) as an argument",
            ),
            "raises": (
                "A second call of {function} on equal inputs, from equal state, raises: what the "
                "first one did outside is in its way.",
                "do outside what can be done only once",
            ),
        },
    ),
    "late-binding": Kind(
        "functions made in a loop that all read the loop's last variable",
        {
            "": (
                "{count} functions made at {at} share the variable {subject}: each reads the value "
                "that the loop left in it, not the one of its own turn.",
                "bind it when the function is made: a default, {subject}={subject}, or "
                "functools.partial",
            ),
        },
    ),
    "side-effect": Kind(
        "printing, logging, files, connections, callbacks",
        {
            "": (
                "{function} calls {subject}: under jit this happens when it is traced, not when it "
                "runs; under a gradient check, once a coordinate.",
                "return what is to be shown or stored, and do it outside",
            ),
        },
    ),
    "leaked-tracer": Kind(
        "a tracer that outlives its trace in an attribute, a global, a container or a cache",
        {
            "": (
                "{subjects}: a call under a trace leaves a tracer there. Whoever uses it after the "
                "trace gets an UnexpectedTracerError.",
                "return the value in place of storing it",
            ),
            "before": (
                "{subjects}: an earlier trace has left a tracer there. Whoever uses it after the "
                "trace gets an UnexpectedTracerError.",
                "return the value in place of storing it",
            ),
        },
    ),
    "integer-parameter": Kind(
        "a parameter of whole numbers, truth values or keys",
        {
            "": (
                "{subject} is of dtype {dtype}. A derivative needs values that move by a little; "
                "jax.grad refuses it, and a finite-difference loop rounds its steps away.",
                "pass {subject} * 1.0, or keep it in an argument that is not differentiated",
            ),
        },
    ),
    "numpy-on-tracer": Kind(
        "NumPy, `float()` or `if` on what JAX traces",
        {
            "": (
                "JAX cannot trace {function}: the line at {at} asks for the number behind a traced "
                "value ({raised}), as NumPy, float(), bool() and if do.",
                "use jax.numpy in place of numpy there, and jnp.where or lax.cond in place of if",
            ),
        },
    ),
    "key-reuse": Kind(
        "a random key that is used twice",
        {
            "": (
                "{subject} is used {count} times in one call: the same key gives the same numbers, "
                "so what should be independent is not.",
                "split it first (jax.random.split) and use each part once",
            ),
        },
    ),
}
KINDS = tuple(REGISTRY)
