"""The sixteen kinds of finding, by the words that purenet has for them."""

KINDS = (
    "ignored-parameter",
    "captured-array",
    "aliased-state",
    "stale-capture",
    "zero-derivative",
    "vanishing-derivative",
    "mutates-argument",
    "mutates-state",
    "global-random",
    "nondeterministic",
    "late-binding",
    "side-effect",
    "leaked-tracer",
    "integer-parameter",
    "numpy-on-tracer",
    "key-reuse",
)
