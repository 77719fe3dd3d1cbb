"""Parameters that are ignored, without a derivative, flat, or of whole numbers."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from purenet.purity import audit
from purenet.purity.values import perturbed
from tests.purity.found import found, line, places

x = jnp.linspace(0.5, 2.0, 3)


def unused(params, x):
    return jnp.sum(params["w"] * x)  # b is nowhere


def test_a_leaf_that_nothing_reads_is_ignored():
    params = {"w": x, "b": jnp.ones(2)}
    assert found(unused, params, x) == {("ignored-parameter", "params['b']")}
    assert places(unused, params, x) == {"ignored-parameter": line(unused, "def unused")}


def test_a_leaf_read_only_for_its_shape_is_ignored():
    assert found(lambda p: 2.0 * p.shape[0], x) == {("ignored-parameter", "p")}


def test_all_leaves_read():
    assert audit(unused, {"w": x}, x).ok


def test_the_evidence_of_an_ignored_leaf_is_the_ablation():
    W = np.ones(2)
    ignored = audit(lambda p: float(W.sum()), W).findings[0]
    assert ignored.evidence == {
        "value": 2.0,
        "p changed": 2.0,
        "W changed": float(perturbed(W).sum()),
        "both changed": float(perturbed(W).sum()),
        "the two are one array": 1.0,
    }


def rounded(p):
    steps = jnp.round(p)  # the cut
    return jnp.sum(steps * p[0])


def stopped(p):
    return jnp.sum(jax.lax.stop_gradient(p) ** 2)


def compared(p):
    return jnp.sum(jnp.where(p > 1.0, 1.0, 0.0))


def cast(p):
    return jnp.sum(p.astype(int).astype(float))


@pytest.mark.parametrize("function", [stopped, compared, cast], ids=lambda f: f.__name__)
def test_a_leaf_read_only_through_a_staircase_has_no_derivative(function):
    assert found(function, x) == {("zero-derivative", "p")}
    assert places(function, x) == {"zero-derivative": line(function, "return")}


def test_a_leaf_read_both_ways_has_one():
    assert audit(rounded, x).ok
    assert audit(lambda p: jnp.sum(p + jax.lax.stop_gradient(jnp.round(p) - p)), x).ok


def test_a_staircase_in_numpy():
    assert found(lambda p: float(np.floor(p).sum()), np.array([0.3, 1.6])) == {
        ("zero-derivative", "p")
    }


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32"])
def test_short_dtypes_move_by_steps_that_they_can_hold(dtype):
    p = np.ones(3, jnp.dtype(dtype))
    assert audit(lambda p: float(np.sum(p.astype(float) ** 2)), p).ok
    assert audit(lambda p: jnp.sum(p**2), jnp.ones(3, dtype)).ok


def test_a_dead_unit_has_a_vanishing_derivative():
    def dead(p):
        return jnp.sum(jax.nn.relu(p - 100.0)) + 1.0

    assert found(dead, x) == {("vanishing-derivative", "p")}
    assert places(dead, x) == {"vanishing-derivative": line(dead, "def dead")}


@pytest.mark.parametrize("xp", [np, jnp])
def test_a_stationary_point_is_a_note_at_most(xp):
    report = audit(lambda p: xp.sum(p**2), xp.zeros(3))
    assert report.ok
    assert {note.kind for note in report.notes} <= {"vanishing-derivative"}


@pytest.mark.parametrize("xp", [np, jnp])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_values_that_are_not_finite_are_not_flat(xp, value):
    assert audit(lambda p: xp.sum(p**2), xp.asarray([1.0, value])).ok


@pytest.mark.parametrize("xp", [np, jnp])
def test_a_leaf_without_elements_is_neither_ignored_nor_flat(xp):
    assert audit(lambda p: xp.sum(p["w"] ** 2), {"w": xp.ones(2), "none": xp.ones(0)}).ok


def test_a_loop_through_which_only_forward_mode_goes():
    def looped(p):
        last = jax.lax.while_loop(lambda c: c[0] < 3, lambda c: (c[0] + 1, c[1] * p), (0, p))
        return jnp.sum(last[1])

    assert audit(looped, x).ok
    assert found(lambda p: looped(p) * 0.0, x) == {("vanishing-derivative", "p")}


@pytest.mark.parametrize("leaf", [np.arange(3), jnp.arange(3), 2, True, jax.random.key(0)])
def test_leaves_that_cannot_move(leaf):
    def loss(p, q):
        return jnp.sum(q**2)

    kinds = found(loss, {"n": leaf, "w": x}, x)
    assert ("integer-parameter", "p['n']") in kinds


def test_whole_numbers_in_an_argument_that_is_not_differentiated():
    assert audit(lambda p, n: jnp.sum(p**n), x, 2).ok
