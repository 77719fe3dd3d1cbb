"""The kinds of finding, in the order of a report: each with its sentences and remedies."""

from collections.abc import Mapping
from typing import NamedTuple


class Kind(NamedTuple):
    """A kind of finding.

    Attributes:
        summary: what it is, in a few words; README's list is made of these.
        ways: the ways in which it comes, each with its sentence and its remedy, in which a fact's
            words stand for the names in braces.
    """

    summary: str
    ways: Mapping[str, tuple[str, str]]


_READ_INSTEAD = "read {argument} in place of {quoted}"
_IGNORED = (
    "Nothing that {function} computes reads {subjects}: the derivative is zero, and every gradient "
    "checker that compares zero with zero is content."
)
_PUT_IN = "pass {subjects} as an argument, and return what it becomes"
REGISTRY: dict[str, Kind] = {
    "ignored-parameter": Kind(
        "a parameter that the value never reads",
        {
            "": (_IGNORED, "use {subjects}, or take {it} out of the arguments"),
            "instead": (
                _IGNORED + " The value comes from {instead} instead.",
                "read {subjects} in place of {instead}",
            ),
        },
    ),
    "zero-derivative": Kind(
        "a parameter that is only read through `argmax`, `round`, a cast or a comparison",
        {
            "": (
                "The value reads {subjects}, but only through {through}, whose derivative is zero "
                "wherever it exists: jax.grad returns zeros without a word.",
                "use something smooth there, or take {subjects} out of the parameters where {it} "
                "{is} meant to stay constant",
            ),
        },
    ),
    "vanishing-derivative": Kind(
        "a derivative that is zero all around: a dead unit, a saturated one, a factor of zero",
        {
            "": (
                "The value reads {subjects}, but the derivative is numerically zero, here and all "
                "around: a unit that is never active, a factor of zero, or a saturated one. "
                "Gradient descent cannot move {it}.",
                "look at what {subjects} {is} multiplied with, and at the scale of the values",
            ),
            "here": ("the derivative is zero at these parameters and not around them", ""),
        },
    ),
    "captured-array": Kind(
        "a captured array that is read in the place of a parameter, or beside it",
        {
            "instead": (
                "The value comes from the captured {array} {quoted}, of the shape of the ignored "
                "{argument}.",
                _READ_INSTEAD,
            ),
            "untried": (
                "{function} holds the {array} {quoted}, which {is} {argument} or the like, and "
                "ignores {argument}. Whether the value comes from there could not be tried: "
                "{reason}.",
                _READ_INSTEAD,
            ),
            "beside": (
                "{function} reads {quoted} beside {argument}, and the two are one array: the "
                "derivative with respect to {argument} leaves out what the value owes to {quoted}.",
                _READ_INSTEAD + "; where a constant is meant, pass a copy as data",
            ),
            "data": (
                "captured {array} {what}, taken for data; derivatives with respect to {it} are not "
                "asked for",
                "",
            ),
        },
    ),
    "stale-capture": Kind(
        "a captured value that has changed since `jit` froze it",
        {
            "": (
                "jit froze {subjects} when it traced {function}; {subjects} {has} changed since, "
                "and the compiled function does not know: it still computes with the old {value}.",
                "pass {subjects} as an argument",
            ),
        },
    ),
    "aliased-state": Kind(
        "captured state that is the very array passed: only writing into it moves the value",
        {
            "": (
                "{function} reads {quoted}, which {is} the very {one} passed as {argument}. "
                "Writing into {it} moves the value; passing {another}, or a copy, does not.",
                _READ_INSTEAD + ", and pass what is needed as arguments",
            ),
        },
    ),
    "mutates-argument": Kind(
        "an argument that is written to",
        {
            "": (
                "{function} writes into its argument {subjects}: the caller's own array or "
                "container is another one afterwards.",
                "work on a copy of {subjects}, or return the new {value}",
            ),
            "restored": (
                "{function} writes into its argument {subjects} and puts back what was there: "
                "until it has, everybody else who holds the array reads other numbers, and for "
                "good where it raises half-way.",
                "work on a copy of {subjects}",
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
                "A call of {function} changes {subjects}: a setting of the whole process, for all "
                "code that runs after it.",
                "set it once, outside, or for a block (np.errstate, jax.enable_x64)",
            ),
            "used up": (
                "{function} draws from {subjects}: what a call takes from {it} is gone for the "
                "next one. It cannot be put back, so no further call was made.",
                "pass what is drawn as an argument",
            ),
            "by id": (
                "{function} keeps results in {subjects} by the id of an array. An id says nothing "
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
                "{function} draws from, or seeds, the global generator of {subjects}: two calls on "
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
                "{count} functions made at {at} share {subjects}: each reads the {value} that the "
                "loop left there, not the {one} of its own turn.",
                "bind {it} when the function is made: a default, {subject}={subject}, or "
                "functools.partial",
            ),
        },
    ),
    "side-effect": Kind(
        "printing, logging, files, connections, callbacks",
        {
            "": (
                "{function} calls {subjects}: under jit this happens when it is traced, not when "
                "it runs; under a gradient check, once a coordinate.",
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
                "{subjects} {is} of dtype {dtype}. A derivative needs values that move by a "
                "little; jax.grad refuses {it}, and a finite-difference loop rounds its "
                "steps away.",
                "pass {subject} * 1.0, or keep {it} in an argument that is not differentiated",
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
                "{subjects} is used {count} times in one call: the same key gives the same "
                "numbers, so what should be independent is not.",
                "split it first (jax.random.split) and use each part once",
            ),
        },
    ),
}
KINDS = tuple(REGISTRY)
