"""Whatever comes in: a result, or an error in three parts; nothing of the caller's is changed.

The full tests try as many inputs as the environment variable PURENET_HOSTILE says, and then other
ones each time; pytest's --hypothesis-seed tries the same again.
"""

import os
import random
import re
import sys
import threading
import warnings
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import ml_dtypes
import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

import purenet
from purenet import fd

DTYPES = [
    np.float32, np.float64, np.float16, ml_dtypes.bfloat16, ml_dtypes.float8_e4m3fn,
    ml_dtypes.float8_e5m2, np.complex64, np.complex128, np.int8, np.int64, np.uint16, np.bool_,
]  # fmt: skip
SHAPES = [(), (1,), (3,), (0,), (2, 0, 3), (2, 3), (1, 1, 1, 1, 1, 1), (2, 1, 1, 2, 1, 1)]
SCALES = [1.0, 0.0, 1e-3, 1e30, 1e-30, 1e300, 1e-300, 5e-324]
SPOILS = [None, None, None, np.nan, np.inf, -np.inf]
KINDS = ["NumPy", "JAX", "strided", "transposed", "read-only", "Fortran", "number"]


class HostileError(Exception):
    """What a hostile loss raises: the caller's own, which comes through as it is."""


class Hostile:
    """An object that no question can be asked of."""

    def __eq__(self, other):
        raise HostileError("compared")

    def __hash__(self):
        raise HostileError("hashed")

    def __repr__(self):
        raise HostileError("shown")

    def __bool__(self):
        raise HostileError("asked whether")


class Plain:
    """A class that is no pytree."""

    def __init__(self):
        self.w = np.ones(2)


def array(dtype, shape, scale, spoil, kind, seed):
    """An array of that description, or a number where it is one."""
    draw = np.random.default_rng(seed)
    with np.errstate(all="ignore"):
        values = np.asarray(draw.normal(size=shape) * scale)
        if np.issubdtype(dtype, np.complexfloating):
            values = values * (1 + 0.5j)
        x = np.asarray(values.astype(dtype))
        if spoil is not None and x.size and jnp.issubdtype(dtype, np.inexact):
            x.reshape(-1)[0] = spoil
    if kind == "number" and x.shape == () and dtype in (np.float64, np.complex128, np.int64):
        return x.item()
    if kind == "JAX":
        with np.errstate(over="ignore"):  # beyond float32
            return jnp.asarray(x)
    if kind == "strided" and x.ndim:
        wide = np.repeat(x, 2, axis=0)
        return wide[::2]
    if kind == "transposed":
        return x.T
    if kind == "Fortran":
        return np.asfortranarray(x)
    if kind == "read-only":
        x.flags.writeable = False
    return x


ARRAYS = st.builds(
    array, st.sampled_from(DTYPES), st.sampled_from(SHAPES), st.sampled_from(SCALES),
    st.sampled_from(SPOILS), st.sampled_from(KINDS), st.integers(0, 9),
)  # fmt: skip
FINITE = st.builds(
    array, st.sampled_from(DTYPES[:8]), st.sampled_from(SHAPES), st.sampled_from(SCALES),
    st.none(), st.sampled_from(KINDS), st.integers(0, 9),
)  # fmt: skip
FLOATS = st.builds(
    array, st.sampled_from(DTYPES[:2]), st.sampled_from(SHAPES), st.just(1.0), st.none(),
    st.sampled_from(KINDS), st.integers(0, 9),
)  # fmt: skip
ODD = st.sampled_from(
    ["text", b"bytes", None, 10**400, Plain, Hostile, object, jax.random.key, list, dict]
).map(lambda odd: odd(0) if odd is jax.random.key else odd() if isinstance(odd, type) else odd)


def cyclic(tree):
    tree = {"w": tree}
    tree["self"] = tree
    return tree


def trees_of(leaves):
    """Plain containers of leaves."""
    some = st.lists(leaves, min_size=1, max_size=3)
    return st.one_of(
        leaves,
        some,
        some.map(tuple),
        some.map(lambda xs: {f"w{i}": x for i, x in enumerate(xs)}),
        some.map(lambda xs: {"layers": xs, "none": None}),
        leaves.map(lambda x: [x, x]),
    )


def mostly(*strategies):
    """One of several strategies, each as often as it stands there."""
    return st.sampled_from(strategies).flatmap(lambda chosen: chosen)


ODD_TREES = st.one_of(
    ARRAYS.map(cyclic),
    st.lists(ARRAYS, min_size=1).map(lambda xs: {"a": xs[0], 1: xs[-1]}),
    trees_of(ARRAYS | ODD),
)
PARAMETERS = mostly(
    *5 * [trees_of(FLOATS)], *3 * [trees_of(FINITE)], trees_of(ARRAYS), ODD_TREES
)  # fmt: skip
ARGUMENTS = mostly(
    *3 * [st.tuples(PARAMETERS)],
    st.tuples(PARAMETERS, trees_of(ARRAYS)),
    st.tuples(PARAMETERS, ODD_TREES),
)


def numeric(tree):
    """The leaves that are numbers, as JAX's arrays."""
    leaves = [
        x for x in jax.tree.leaves(tree) if hasattr(x, "dtype") or type(x) in (float, complex)
    ]
    return [jnp.asarray(x) for x in leaves if jnp.issubdtype(jnp.result_type(x), np.inexact)]


def total(tree, f):
    """The sum of a function of all leaves, real, in float32 at least."""
    parts = [jnp.sum(jnp.abs(f(x)).astype(jnp.result_type(jnp.abs(x), jnp.float32)))
             for x in numeric(tree)]  # fmt: skip
    return sum(parts, jnp.float32(0.0))


class Changing:
    """Another structure on the second call."""

    def __init__(self):
        self.calls = 0

    def __call__(self, p):
        self.calls += 1
        value = total(p, jnp.sin)
        return value if self.calls == 1 else {"value": value, "more": value}


class Counting:
    """Another value at each call."""

    def __init__(self):
        self.calls = 0

    def __call__(self, p):
        self.calls += 1
        return total(p, jnp.sin) * self.calls


class Nameless(Hostile):
    """A callable whose name is no text, and of which nothing can be asked."""

    __name__ = 7

    def __call__(self, p):
        return total(p, jnp.sin)


async def in_a_coroutine(p):
    return total(p, jnp.sin)


def raises(p):
    raise HostileError("as it likes")


def raises_off_the_base_point():
    first = []

    def loss(p):
        x = float(np.sum(np.abs(np.asarray(jax.tree.leaves(p)[0], complex))))
        first.append(x)
        if x != first[0]:
            raise HostileError("moved")
        return x

    return loss


def starts_a_thread(p):
    thread = threading.Thread(target=lambda: None)
    thread.start()
    thread.join()
    return total(p, jnp.sin)


def prints(p):
    print("a loss that prints")
    return total(p, jnp.cos)


def by_numpy(p):
    return float(sum(np.sum(np.abs(np.sin(np.asarray(x, complex)))) for x in jax.tree.leaves(p)))


def writes(p):
    """NumPy code that writes into its argument."""
    for x in jax.tree.leaves(p):
        if isinstance(x, np.ndarray) and x.size:
            x *= 2
    return by_numpy(p)


def changes_settings(p):
    np.seterr(all="ignore")
    np.random.seed(3)  # noqa: NPY002
    random.seed(3)
    return by_numpy(p)


class Settings(NamedTuple):
    """What a call must leave as it was."""

    jax: dict
    context: tuple
    numpy: dict
    random: Any
    filters: list
    process: tuple

    @classmethod
    def now(cls):
        context = (jax.config.jax_enable_x64, jax.numpy.ones(1).dtype, jnp.float32(1) + 1)
        process = (sys.getrecursionlimit(), sys.getprofile(), threading.active_count(), os.getcwd())
        legacy = tuple(np.random.get_state()[1].tolist())  # noqa: NPY002
        return cls(
            dict(jax.config.values), context, np.geterr(), (random.getstate(), legacy),
            list(warnings.filters), (*process, dict(os.environ)),
        )  # fmt: skip


ORDINARY = {
    "sine": lambda: lambda p: total(p, jnp.sin),
    "square": lambda: lambda p: total(p, jnp.square),
    "exponential": lambda: lambda p: total(p, jnp.exp),
    "root": lambda: lambda p: total(p, jnp.sqrt),
    "logarithm": lambda: lambda p: total(p, jnp.log),
    "reciprocal": lambda: lambda p: total(p, jnp.reciprocal),
    "arrays": lambda: lambda p: [jnp.sin(x) for x in numeric(p)],
    "rounded": lambda: lambda p: total(p, jnp.round),
    "constant": lambda: lambda p: jnp.float32(1.0),
    "a float": lambda: lambda p: 1.0,
    "NumPy": lambda: by_numpy,
    "NumPy that writes": lambda: writes,
}
HOSTILE = {
    "None": lambda: lambda p: None,
    "nothing": lambda: lambda p: {},
    "text": lambda: lambda p: "text",
    "an integer": lambda: lambda p: 3,
    "a huge integer": lambda: lambda p: 10**400,
    "an object": lambda: lambda p: Hostile(),
    "its own argument": lambda: lambda p: p,
    "a coroutine": lambda: in_a_coroutine,
    "a generator": lambda: lambda p: (x for x in [1.0]),
    "raises": lambda: raises,
    "raises off the base point": raises_off_the_base_point,
    "another structure": Changing,
    "another value": Counting,
    "starts a thread": lambda: starts_a_thread,
    "prints": lambda: prints,
    "nameless": Nameless,
    "no argument": lambda: lambda: 1.0,
    "a class": lambda: Plain,
    "no function": lambda: 3,
    "settings": lambda: changes_settings,
}
LOSSES = ORDINARY | HOSTILE
NAMES = mostly(*2 * [st.sampled_from(list(ORDINARY))], st.sampled_from(list(HOSTILE)))
CALLS = {
    "fd.grad": lambda loss, *args: fd.grad(loss)(*args),
    "fd.grad of integers too": lambda loss, *args: fd.grad(loss, allow_int=True)(*args),
    "fd.grad on the host": lambda loss, *args: fd.grad(loss, strategy="host")(*args),
    "fd.estimate": lambda loss, *args: fd.estimate(loss)(*args),
    "fd.jacobian": lambda loss, *args: fd.jacobian(loss)(*args),
    "fd.hessian": lambda loss, *args: fd.hessian(loss)(*args),
    "fd.jvp": lambda loss, *args: fd.jvp(loss, args, args),
    "compare_grads": purenet.compare_grads,
    "compare_grads of a given one": lambda loss, p, *d: purenet.compare_grads(
        loss, p, *d, gradient=lambda p, *d: p
    ),
    "audit": purenet.audit,
    "pure_version": purenet.pure_version,
}
THREE_PARTS = re.compile(r"got .+; wanted .+; .+", re.DOTALL)


def contents(tree, seen=()):
    """All of a tree that a call could have changed."""
    if id(tree) in seen:
        return "the same"
    if isinstance(tree, dict):
        return [(key, contents(value, (*seen, id(tree)))) for key, value in tree.items()]
    if isinstance(tree, list | tuple):
        return [type(tree), *(contents(x, (*seen, id(tree))) for x in tree)]
    if isinstance(tree, np.ndarray):
        return id(tree), tree.dtype, tree.shape, tree.strides, tree.flags.writeable, tree.tobytes()
    if isinstance(tree, jax.Array) and not jnp.issubdtype(tree.dtype, jax.dtypes.prng_key):
        return id(tree), np.asarray(tree).tobytes()
    return id(tree)


def without_cycles(tree, seen=()):
    """The leaves of a tree, each container once."""
    if id(tree) in seen or not isinstance(tree, dict | list | tuple):
        return [] if id(tree) in seen else [tree]
    inside = tree.values() if isinstance(tree, dict) else tree
    return [leaf for part in inside for leaf in without_cycles(part, (*seen, id(tree)))]


def fits(result):
    """Whether a result is one: finite, or with the reason why not."""
    if isinstance(result, fd.Estimate):
        pairs = zip(jax.tree.leaves(result.value), jax.tree.leaves(result.error), strict=True)
        return all(
            value.dtype == jax.dtypes.float0 or np.all(np.isfinite(value) | np.isinf(error))
            for value, error in pairs
        )
    if isinstance(result, purenet.GradientReport):
        return result.verdict in ("agrees", "disagrees", "undecided") and str(result)
    if isinstance(result, purenet.PurityReport):
        return bool(str(result))
    if hasattr(result, "params"):  # a pure version
        return True
    # what overflows in the caller's dtype is infinite there, as of jax.grad, or NaN in this one
    without = (jax.dtypes.float0, jnp.float8_e4m3fn)
    leaves = [np.asarray(x) for x in jax.tree.leaves(result) if x.dtype not in without]
    return not any(np.isnan(x.astype(complex)).any() for x in leaves)


def is_the_callers(error, loss, arguments):
    """Whether the function itself raises such an error, on numbers or on tracers."""
    for call in (lambda: loss(*arguments), lambda: jax.make_jaxpr(loss)(*arguments)):
        try:
            call()
        except Exception as own:
            if type(own) is type(error) and str(own)[:40] == str(error)[:40]:
                return True
    return False


def is_beyond_an_audit(call, loss, arguments):
    """What audit and pure_version do not take yet: keys, floats of 8 bits, integers beyond 64."""
    dtypes = [x.dtype for x in without_cycles(arguments) if hasattr(x, "dtype")]
    is_odd = any(
        jnp.issubdtype(dtype, jax.dtypes.prng_key) or str(dtype).startswith("float8")
        for dtype in dtypes
    )
    return call in ("audit", "pure_version") and (is_odd or loss == "a huge integer")


def assert_it_is_taken(call, loss, arguments):
    assume(not is_beyond_an_audit(call, loss, arguments))
    of_parameters = LOSSES[loss]()
    function = of_parameters if len(arguments) == 1 else lambda p, d: of_parameters(p)
    with warnings.catch_warnings(), np.errstate():
        warnings.simplefilter("ignore")
        before, settings, refused = contents(arguments), Settings.now(), None
        try:
            result = CALLS[call](function, *arguments)
        except Exception as error:
            refused = error
        else:
            assert fits(result), result
        assert contents(arguments) == before
        for now, then, name in zip(Settings.now(), settings, Settings._fields, strict=True):
            assert now == then or (loss == "settings" and call not in ("audit", "pure_version")), (
                name
            )
        is_explained = isinstance(refused, TypeError | ValueError) and THREE_PARTS.match(
            str(refused)
        )
        if refused is not None and not isinstance(refused, HostileError) and not is_explained:
            assert is_the_callers(refused, function, arguments), refused


MANY = int(os.environ.get("PURENET_HOSTILE", "300"))
SETTINGS = {
    "deadline": None,
    "derandomize": "PURENET_HOSTILE" not in os.environ,
    "suppress_health_check": [HealthCheck.too_slow, HealthCheck.data_too_large],
}


@settings(max_examples=40, **SETTINGS)
@given(st.sampled_from(list(CALLS)), NAMES, ARGUMENTS)
def test_some_inputs_are_taken_or_refused(call, loss, arguments):
    assert_it_is_taken(call, loss, arguments)


@pytest.mark.full
@pytest.mark.parametrize("call", CALLS)
@settings(max_examples=MANY, **SETTINGS)
@given(NAMES, ARGUMENTS)
def test_many_inputs_are_taken_or_refused(call, loss, arguments):
    assert_it_is_taken(call, loss, arguments)


OPTIONS = {
    "compare_grads": (
        "argnums gradient vjp jvp order modes has_aux allow_int allow_unused allow_undecided rtol "
        "budget key max_memory strategy mesh progress"
    ),
    "fd.grad": (
        "argnums has_aux holomorphic allow_int step order method strategy precision max_memory "
        "workers mesh"
    ),
    "fd.estimate": "argnums has_aux allow_int precision strategy max_memory workers mesh",
    "fd.jvp": "has_aux step order method strategy precision max_memory workers mesh",
    "audit": "argnums",
    "pure_version": "argnums",
}
GIVEN = {
    "compare_grads": lambda loss, p, **given: str(purenet.compare_grads(loss, p, **given)),
    "fd.grad": lambda loss, p, **given: fd.grad(loss, **given)(p),
    "fd.estimate": lambda loss, p, **given: fd.estimate(loss, **given)(p),
    "fd.jvp": lambda loss, p, **given: fd.jvp(loss, (p,), (p,), **given),
    "audit": purenet.audit,
    "pure_version": purenet.pure_version,
}
VALUES = [
    None, True, False, 0, 1, 2, -1, 1.5, -0.5, 0.0, np.nan, np.inf, "x", "", b"x", (), [], {}, (0,),
    [0], (0, 0), ("rev",), ["fwd"], {"rev"}, "rev", "host", "complex", "native", np.int64(1), 1j,
    np.float64(2.0), np.array(1), np.array([1, 2]), np.ones(2), np.ones(2, complex), {"a": 1.0},
    np.array(["a", "b"]), jnp.ones(3), Hostile(), object(), lambda *args: "x", lambda *args: None,
    lambda *args: args[0], iter([1]), range(2), 10**18,
]  # fmt: skip
PLACES = [(call, option) for call, options in OPTIONS.items() for option in options.split()]


def assert_an_option_is_taken(call, option, value):
    p = np.array([0.3, 0.5])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        settings, refused = Settings.now(), "got nothing; wanted nothing; nothing to fix"
        try:
            GIVEN[call](lambda p: jnp.sum(jnp.sin(p)), p, **{option: value})
        except HostileError:
            pass
        except (TypeError, ValueError) as error:
            refused = str(error)
        assert THREE_PARTS.match(refused), refused
        assert Settings.now() == settings
    np.testing.assert_array_equal(p, [0.3, 0.5])


@settings(max_examples=40, **SETTINGS)
@given(st.sampled_from(PLACES), st.integers(0, len(VALUES) - 1))
def test_some_options_are_taken_or_refused(place, value):
    assert_an_option_is_taken(*place, VALUES[value])


@pytest.mark.full
@pytest.mark.parametrize(("call", "option"), PLACES)
def test_every_option_is_taken_or_refused(call, option):
    for value in VALUES:
        assert_an_option_is_taken(call, option, value)
