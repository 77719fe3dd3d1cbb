"""What a call leaves behind, also where it ignores its parameter; and what is refused."""

import importlib.util
import sys

import numpy as np
import pytest

from purenet import audit


class Layered:
    def __init__(self):
        self.W = np.arange(6.0).reshape(2, 3)

    def loss(self, x):
        self.x = x
        self.out = np.tanh(x @ self.W)
        return np.sum(self.out**2)


def found(report):
    return {(finding.kind, finding.subject) for finding in report.findings}


@pytest.mark.parametrize(("copied", "kind"), [(False, "aliased-state"), (True, "captured-array")])
def test_what_a_forward_pass_of_an_ignored_parameter_remembers(copied, kind):
    net, x = Layered(), np.array([[0.1, 0.2]])
    report = audit(lambda W: net.loss(x), net.W.copy() if copied else net.W)
    assert found(report) == {
        ("ignored-parameter", "W"),
        (kind, "net.W"),
        ("mutates-state", "net.out"),
    }
    assert [note.subject for note in report.notes if note.kind == "mutates-state"] == ["net.x"]
    np.testing.assert_array_equal(net.W, np.arange(6.0).reshape(2, 3))
    assert not hasattr(net, "out")


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


class Boxed:
    def __init__(self, data):
        self.data = data


def test_a_parameter_without_a_number_is_refused_rather_than_called_pure():
    with pytest.raises(TypeError, match=r"got box of type Boxed; wanted an array or a number"):
        audit(lambda box: box.data**2, Boxed(np.array(2.0)))
    assert audit(lambda box, w: box.data * w, Boxed(2.0), np.ones(1), argnums=1).ok
    assert audit(lambda boxes: boxes[0].data * boxes[1], (Boxed(2.0), 3.0)).ok
