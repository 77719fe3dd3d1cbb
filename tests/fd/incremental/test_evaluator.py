"""The incremental evaluator: whole leaves, samples, what is compiled, and what it says it chose."""

import subprocess
import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import purenet
from purenet import fd, jaxprs, nn
from purenet.fd.incremental import Incremental, evaluate
from purenet.fd.incremental.patch import Value
from tests.fd.incremental.oracle import POINTS, assert_incremental_is_dense, evaluators

X = np.linspace(-1, 1, 24).reshape(6, 4)
T = np.arange(6) % 3


def normal(seed, *shape):
    return np.random.default_rng(seed).normal(size=shape) * 0.5


def two_layers(W, V):
    return jnp.mean(jax.nn.logsumexp(jnp.tanh(X @ W) @ V, axis=-1))


def auto(f, *leaves, **options):
    traced = jaxprs.trace(lambda xs: f(*xs), leaves)
    options = {"max_memory": 2**28, "always": False, **options}
    return Incremental(traced, leaves, replay=jaxprs.DOUBLE, **options)


def test_outputs_that_a_leaf_does_not_reach_are_the_base(dense_operations):
    assert_incremental_is_dense(
        lambda a, b: {"both": a[:2] * b, "a": jnp.cos(a), "none": jnp.ones(3), "held": a[0]},
        normal(0, 3),
        normal(1, 2),
        other_plans=False,
    )
    assert not dense_operations


def test_a_leaf_that_no_output_depends_on_moves_nothing():
    assert_incremental_is_dense(lambda a, b: jnp.sum(a) + 0 * len(b), normal(0, 3), normal(1, 2))


def test_outputs_of_no_size_take_no_room(x64):
    x = jnp.arange(4.0)
    incremental, _ = evaluators(lambda x: [x[:0] ** 2], x)
    (some,) = incremental.displaced(0, np.array([1, 3]), np.full(2, 0.5), POINTS)
    (sample,) = incremental.sampled(0, POINTS, 3)
    assert some.shape == (2, 3, 0)
    assert sample.shape[1:] == (3, 0)


def test_complex_leaves_move_along_both_axes():
    z = normal(0, 2, 3) + 1j * normal(1, 2, 3)
    assert_incremental_is_dense(
        lambda z: jnp.sum(jnp.abs(z @ z.T) ** 2) + z[0, 0].imag, z, other_plans=False
    )


@pytest.mark.parametrize("shape", [(), (1, 1), (1, 4, 1)])
def test_leaves_of_any_shape(shape):
    assert_incremental_is_dense(lambda a: (jnp.sum(jnp.sin(a)), 2 * a), normal(0, *shape))


def test_single_coordinates_and_the_base_are_the_dense_ones(x64):
    incremental, dense = evaluators(two_layers, jnp.asarray(normal(0, 4, 5)), normal(1, 5, 3))
    move = (0, np.arange(3), np.full((3, 2), 0.1))
    np.testing.assert_allclose(
        incremental.along_coordinates([move])[0], dense.along_coordinates([move])[0]
    )
    np.testing.assert_allclose(incremental.base()[0], dense.base()[0])


@pytest.mark.parametrize("size", [9, 40, 1000])
def test_a_sample_is_a_few_coordinates_of_the_leaf(size, x64):
    x = jnp.linspace(0.1, 1, size)
    incremental, _ = evaluators(lambda x: jnp.sum(x**2), x)
    offsets = np.array([-0.5, 0.25, 2.0])
    (values,) = incremental.sampled(0, offsets, 2)
    assert values.shape[1] == 3
    assert 2 <= len(values) <= 32
    coordinates = (np.asarray(values[:, 1]) - float(jnp.sum(x**2)) - 0.25**2) / (2 * 0.25)
    assert np.all(np.min(np.abs(coordinates[:, None] - np.asarray(x)), axis=1) < 1e-12)
    expected = jnp.sum(x**2) + 2 * coordinates[:, None] * offsets + offsets**2
    np.testing.assert_allclose(values, expected, rtol=1e-12)


def test_a_large_leafs_sample_is_spread_over_it(x64):
    W = jnp.asarray(np.arange(4000.0).reshape(50, 80))
    (values,) = auto(lambda W: jnp.sum(jnp.cumsum(jnp.sin(W @ W.T), 0)), W).sampled(
        0, np.array([-1e-3, 1e-3]), 2
    )
    assert np.all(np.isfinite(values))


def test_it_says_what_it_chose_and_why(x64):
    model = nn.two_layer_net(60, 40, 5)
    params = model.init(jax.random.key(0))
    loss = nn.loss_fn(model, nn.softmax_cross_entropy)
    x, t = jax.random.normal(jax.random.key(1), (400, 60)), jnp.arange(400) % 5
    report = purenet.compare_grads(
        lambda W1: loss({**params, "W1": W1}, x, t), params["W1"], modes=("rev",)
    )
    assert report.leaves[0].strategy.startswith("incremental: ")
    assert report.leaves[0].strategy.endswith(" times less work than dense")
    assert "W1: incremental: " in str(report)
    for asked, said in {"incremental": "incremental: as asked", "dense": "dense"}.items():
        report = purenet.compare_grads(jnp.sum, jnp.ones(9), modes=("rev",), strategy=asked)
        assert {leaf.strategy for leaf in report.leaves} == {said}


def test_the_cheaper_is_chosen_by_counted_work(x64):
    evaluator = auto(two_layers, normal(0, 4, 50_000), normal(1, 50_000, 3))
    assert evaluator.strategy(0, 2).startswith("incremental: ")
    hard = auto(lambda a: jnp.sum(jnp.linalg.inv(jnp.outer(a, a) + jnp.eye(400))), normal(0, 400))
    assert hard.strategy(0, 2).startswith("dense: incremental is ")
    assert auto(lambda a: jnp.sum(a**2), normal(0, 3)).strategy(0, 2) == "dense: little work"
    unread = auto(lambda a, b: jnp.sum(a), normal(0, 10**5), normal(0, 10**5))
    assert unread.strategy(1, 2) == "dense: no output depends on it"


def test_leaves_that_are_little_work_beside_one_that_is_much_move_together(x64):
    draws = np.random.default_rng(0)
    p = {name: draws.normal(size=30) for name in "abc"} | {"W": draws.normal(size=(400, 30)) / 20}
    x = draws.normal(size=(200, 400))

    def loss(p):
        return jnp.mean(jnp.sin(jnp.tanh(x @ p["W"] + p["a"]) * p["b"] + p["c"]))

    found = fd.grad(loss)(p)
    for name, exact in jax.grad(loss)(p).items():
        np.testing.assert_allclose(found[name], exact, rtol=0, atol=1e-10)


def test_a_later_call_compiles_nothing(x64, compilations):
    W, V = jnp.asarray(normal(3, 4, 11)), jnp.asarray(normal(4, 11, 3))

    def gradient(scale):
        return fd.grad(lambda W: two_layers(W, V) * scale, strategy="incremental")(W)

    first = gradient(2.0)
    assert compilations() > 0
    again = gradient(2.0)
    assert compilations() == 0
    np.testing.assert_array_equal(first, again)


def test_captured_arrays_are_never_stale(x64):
    W = jnp.asarray(normal(5, 4, 6))
    for seed in (6, 7):
        V = jnp.asarray(normal(seed, 6, 3))
        found = fd.grad(lambda W, V=V: two_layers(W, V), strategy="incremental")(W)
        np.testing.assert_allclose(found, jax.grad(two_layers)(W, V), atol=1e-9)


def test_leaves_of_one_shape_and_role_share_a_program(x64, compilations):
    def tower(W):
        return jnp.sum(jnp.tanh(X @ W + 1) ** 3)

    def loss(a, b, c, d):
        return (tower(a) + tower(b)) * (tower(c) + tower(d))

    members = tuple(normal(seed, 4, 7) for seed in range(4))
    compilations()
    found = fd.grad(loss, argnums=(0, 1, 2, 3), strategy="incremental")(*members)
    assert compilations() <= 4  # base point, whole points, a sample for the step, the whole leaf
    for mine, jaxs in zip(found, jax.grad(loss, argnums=(0, 1, 2, 3))(*members), strict=True):
        np.testing.assert_allclose(mine, jaxs, atol=1e-8)


def test_a_function_that_cannot_be_traced_is_refused():
    with pytest.raises(jax.errors.TracerArrayConversionError):
        fd.grad(lambda x: np.sum(np.asarray(x)), strategy="incremental")(np.ones(9))
    with pytest.raises(ValueError, match=r"got method='complex' with strategy='incremental'"):
        fd.grad(jnp.sum, method="complex", strategy="incremental")


@pytest.mark.full
def test_vmap_over_a_batch_of_parameters(x64):
    batch = jnp.asarray(normal(10, 3, 4, 5))
    V = jnp.asarray(normal(11, 5, 3))
    found = jax.vmap(fd.grad(two_layers, strategy="incremental"), in_axes=(0, None))(batch, V)
    expected = jax.vmap(jax.grad(two_layers), in_axes=(0, None))(batch, V)
    np.testing.assert_allclose(found, expected, atol=1e-8)


@pytest.mark.full
@pytest.mark.parametrize("memory", [1, 20_000, 2**28])
def test_any_memory_gives_the_same_values(memory, x64):
    leaves = [jnp.asarray(normal(12, 4, 9)), jnp.asarray(normal(13, 9, 3))]
    incremental, dense = evaluators(two_layers, *leaves, max_memory=memory)
    steps = np.full(36, 0.1)
    (found,) = incremental.along_leaf(0, steps, POINTS)
    np.testing.assert_allclose(found, dense.along_leaf(0, steps, POINTS)[0], rtol=1e-12)
    lanes = incremental._choices.of(0, len(POINTS)).plan.lanes
    assert lanes == 1 if memory == 1 else lanes > 1


_PEAK = """
import resource, jax, jax.numpy as jnp
from purenet import fd, nn
model = nn.mlp(200, 300, 200, 10)
loss = nn.loss_fn(model, nn.softmax_cross_entropy)
params = model.init(jax.random.key(0))
x, t = jax.random.normal(jax.random.key(1), (64, 200)), jnp.arange(64) % 10
jax.block_until_ready(jax.grad(loss)(params, x, t))
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
jax.block_until_ready(fd.grad(loss, strategy="incremental", max_memory=2**26)(params, x, t))
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024)
"""


@pytest.mark.full
def test_the_peak_of_memory_stays_within_what_was_allowed():
    pytest.importorskip("resource")
    run = subprocess.run([sys.executable, "-c", _PEAK], capture_output=True, text=True, check=True)
    assert float(run.stdout) < 64 + 300


def test_more_points_than_one_program_takes_are_taken_in_rounds(x64):
    incremental, dense = evaluators(two_layers, normal(0, 4, 50), normal(1, 50, 3))
    points, coordinates = np.linspace(-2.0, 3.0, 23), np.arange(0, 200, 2)
    moves = 0, coordinates, np.full(100, 0.1), points
    for one, other in zip(incremental.displaced(*moves), dense.displaced(*moves), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-12)


def test_points_are_counted(x64):
    evaluator = auto(two_layers, normal(0, 4, 50), normal(1, 50, 3))
    evaluator.along_leaf(0, np.full(200, 0.1), POINTS)
    assert evaluator.evaluations == 600


def test_a_rule_that_forgets_a_move_is_contradicted_by_a_whole_evaluation(x64, monkeypatch):
    def forgetful(operation, values, bases):
        del operation, values
        return [Value(base) for base in bases]

    monkeypatch.setitem(evaluate.RULES, "atan", forgetful)
    W = jnp.asarray(normal(6, 4, 5))

    def loss(W):
        return jnp.sum(jnp.arctan(X @ W) ** 2) + jnp.sum(jnp.cos(W))

    with pytest.warns(RuntimeWarning, match=r"one of its operations is at fault \(.*atan, cos"):
        found = fd.grad(loss, strategy="incremental")(W)
    np.testing.assert_allclose(found, jax.grad(loss)(W), atol=1e-8)


def test_terms_that_cancel_to_nothing_are_no_contradiction(x64):
    x = jnp.cos(jnp.arange(12.0)).reshape(4, 3)

    def loss(W):
        y = jnp.tanh(x @ W)
        return jnp.sum(y - jnp.mean(y))  # zero but for rounding

    np.testing.assert_allclose(fd.grad(loss, strategy="incremental")(jnp.eye(3)), 0, atol=1e-6)
