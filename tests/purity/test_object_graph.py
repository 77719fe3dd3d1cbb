"""What a function can reach, each object by the name that it has inside of the function."""

import functools
import importlib.util
import sys
import weakref

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from purenet.purity import audit, captured_arrays
from purenet.purity.object_graph import is_jax_code, own_functions, reached

W = np.ones((2, 3))
CONFIG = {"w": np.ones(3), "layers": [np.zeros(2)]}


class Net:
    def __init__(self):
        self.W = np.ones((2, 3))
        self.params = {"b": np.zeros(3)}

    def loss(self, x):
        return float((x @ self.W + self.params["b"]).sum())

    def __call__(self, x):
        return self.loss(x)


def names(function):
    return [captured.name for captured in captured_arrays(function)]


def test_closure_cells_and_attributes():
    net, x = Net(), np.ones((1, 2))
    assert names(lambda W: net.loss(x)) == ["net.W", "net.params['b']", "x"]


def test_globals_that_the_code_mentions_and_their_items():
    assert names(lambda p: CONFIG["w"] @ W.T) == ["CONFIG['w']", "CONFIG['layers'][0]", "W"]


def test_defaults():
    def loss(p, scale=W, *, shift=CONFIG["w"]):
        return p

    assert names(loss) == ["scale", "shift"]


def test_bound_methods_and_callable_objects():
    assert names(Net().loss) == ["self.W", "self.params['b']"]
    assert names(Net()) == ["self.W", "self.params['b']"]


def test_partials():
    partial = functools.partial(lambda a, p, b: p, np.ones(2), b=np.ones(3))
    assert names(partial) == ["<partial argument 0>", "b"]


def test_nested_functions():
    inner_weights = jnp.ones(3)

    def predict(x):
        return x @ inner_weights

    assert names(lambda p: predict(p)) == ["inner_weights"]


@pytest.mark.parametrize(
    "wrap", [jax.jit, jax.custom_jvp, jax.checkpoint, jax.value_and_grad, jax.vmap]
)
def test_what_jax_wraps(wrap):
    weights = jnp.ones(3)
    assert names(wrap(lambda p: jnp.sum(p * weights))) == ["weights"]


def test_a_function_that_captures_nothing():
    assert names(lambda p: jnp.sum(p)) == []
    assert names(jnp.sin) == []


def test_things_that_hold_each_other():
    class Node:
        def __init__(self):
            self.other = self
            self.array = np.ones(2)

    node = Node()
    assert names(lambda p: node) == ["node.array"]


def test_weak_references_and_proxies():
    class Node:
        pass

    node = Node()
    node.W = np.ones(1)
    pointer = weakref.ref(node)
    assert names(lambda: pointer()) == ["pointer().W"]


def test_classes_with_what_they_derive_from():
    class Base:
        W = np.ones(1)

    class Derived(Base):
        pass

    assert names(lambda: Derived.W) == ["Base.W"]


def test_what_stands_behind_a_very_long_list():
    many, net = [0.0] * 100_000, {"W": np.ones(1)}
    assert names(lambda: (many, net)) == ["net['W']"]
    # cells come in the order of their names: lines before net
    lines = [np.zeros(1)] * 2 + [np.ones(1) for _ in range(30_000)]
    assert "net['W']" in names(lambda: (lines, net))


def test_objects_that_make_up_or_refuse_any_attribute():
    class Any_(dict):  # noqa: N801
        __getattr__ = dict.__getitem__

    thing = Any_(W=np.ones(1))
    assert names(lambda: thing.W) == ["thing['W']"]


def test_functions_of_the_callers_own():
    def inner():
        return W

    outer = functools.partial(lambda: inner())
    assert {function.__name__ for function in own_functions(outer)} == {"<lambda>", "inner"}
    assert own_functions(np.sum) == []


def test_whether_code_has_to_do_with_jax():
    import jax.numpy as jnp

    assert is_jax_code(lambda: jnp.ones(1))
    assert not is_jax_code(lambda: W)


def test_each_thing_once():
    shared = [1]
    names = [thing.name for thing in reached({"a": shared, "b": [shared]}) if thing.value is shared]
    assert names == ["a"]


@pytest.fixture
def both_sides(tmp_path):
    """A module with a NumPy loss and a JAX one."""
    source = """
import jax.numpy as jnp
import numpy as np

def numpy_loss(w):
    return np.sum(np.asarray(w) ** 2)

def jax_loss(w):
    return jnp.sum(w ** 2)

def mixed_up(w):
    return jnp.sum(np.asarray(w) ** 2)
"""
    (tmp_path / "both_sides.py").write_text(source)
    spec = importlib.util.spec_from_file_location("both_sides", tmp_path / "both_sides.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    yield module
    sys.modules.pop("both_sides", None)


def test_numpy_code_beside_jax_code_is_not_held_to_be_jax_code(both_sides):
    w = np.ones(3)
    assert audit(lambda w: both_sides.numpy_loss(w), w).ok
    assert audit(lambda w: both_sides.jax_loss(w), w).ok
    mixed = audit(lambda w: both_sides.mixed_up(w), w)
    assert mixed.kinds == ("numpy-on-tracer",)
