"""TwoLayerNet: both sides' gradients, their losses step by step, and what they learn."""

import gzip
import struct

import chex
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import purenet
from comparisons.exhibits.two_layer_net import audits, exhibit, pure
from comparisons.exhibits.two_layer_net.mutating import TwoLayerNet, captured_loss
from comparisons.settings import Settings
from purenet import data, fd, nn


@pytest.fixture
def small(x64):
    model = nn.two_layer_net(6, 4, 3)
    params = model.init(jax.random.key(1), dtype=float)
    draw = np.random.default_rng(0)
    return model, params, draw.uniform(size=(5, 6)), draw.integers(0, 3, 5)


def test_both_losses_are_the_same_number(small):
    model, params, x, t = small
    loss = pure.loss_of(model)
    assert TwoLayerNet(params).loss(x, t) == pytest.approx(float(loss(params, x, t)), abs=1e-15)


def test_the_numerical_gradient_is_a_dict_of_four_and_agrees_with_jax_grad(small):
    model, params, x, t = small
    loss = pure.loss_of(model)
    net = TwoLayerNet(params)
    by_jax = jax.grad(loss)(params, x, t)
    in_place, by_fd = net.numerical_gradient(x, t), fd.grad(loss)(params, x, t)
    layered = net.gradient(x, t)
    assert set(in_place) == {"W1", "b1", "W2", "b2"}
    for name, exact in by_jax.items():
        np.testing.assert_allclose(in_place[name], exact, rtol=0, atol=1e-8)
        np.testing.assert_allclose(by_fd[name], exact, rtol=0, atol=1e-9)
        np.testing.assert_allclose(layered[name], exact, rtol=0, atol=1e-15)


def test_the_captured_lambda_ignores_its_argument(small):
    _, params, x, t = small
    net = TwoLayerNet(params)
    f = captured_loss(net, x, t)
    assert f(None) == f(params["W1"] + 1) == net.loss(x, t)


def test_a_step_writes_into_the_original_and_returns_new_params_on_the_pure_side(small):
    model, params, x, t = small
    net = TwoLayerNet(params)
    W1 = net.params["W1"]
    net.step(x, t, 0.1)
    assert net.params["W1"] is W1
    moved, _ = pure.step(pure.loss_of(model), params, x, t, 0.1)
    np.testing.assert_allclose(moved["W1"], W1, rtol=0, atol=1e-15)
    assert np.any(np.asarray(moved["W1"]) != params["W1"])


def test_training_equals_step_by_step(small):
    model, params, x, t = small
    loss = pure.loss_of(model)
    batches = jnp.array([[0, 1], [2, 3], [4, 0]])
    trained, losses = pure.train(loss, params, jnp.asarray(x), jnp.asarray(t), batches, 0.1)
    by_hand = params
    for batch, scanned in zip(batches, losses, strict=True):
        by_hand, value = pure.step(loss, by_hand, x[batch], t[batch], 0.1)
        assert float(value) == pytest.approx(float(scanned), abs=1e-14)
    chex.assert_trees_all_close(trained, by_hand, rtol=0, atol=1e-14)


def test_training_is_traced_once_for_any_data_of_one_shape(small):
    model, params, x, t = small
    loss, traces = pure.loss_of(model), []

    def counted(params, x, t):
        traces.append(1)
        return loss(params, x, t)

    batches = jnp.array([[0, 1], [2, 3], [4, 0]])
    pure.train(counted, params, jnp.asarray(x), jnp.asarray(t), batches, 0.1)
    first = len(traces)
    pure.train(counted, params, jnp.asarray(1 - x), jnp.asarray(t), batches[::-1], 0.2)
    assert len(traces) == first > 0


def test_the_audit_names_all_four_parameters_and_what_the_layers_keep(small):
    loss_W, method, twin = audits.run(*small)[0]
    names = ("W1", "W2", "b1", "b2")
    by_kind = {kind: set() for kind in loss_W.report.kinds}
    for finding in loss_W.report.findings:
        by_kind[finding.kind].update(finding.subjects)
    assert by_kind == {
        "ignored-parameter": {f"W[{name!r}]" for name in names},
        "aliased-state": {f"net.params[{name!r}]" for name in names},
        "mutates-state": {"net.activation.out", "net.affine2.x", "net.last_layer.y"},
    }
    assert len(loss_W.report.findings) == 3  # what is one fact is one finding
    assert [finding.kind for finding in method.report.findings] == ["mutates-state"]
    assert twin.report.ok


@pytest.mark.full
def test_the_pure_version_of_loss_W_is_the_twin(small):  # noqa: N802
    model, params, x, t = small
    net = TwoLayerNet(params)
    function, lifted = purenet.pure_version(captured_loss(net, x, t), net.params)
    exact = jax.grad(pure.loss_of(model))(params, x, t)
    for gradient in (jax.grad, fd.grad):
        found = gradient(function)(lifted)
        assert set(found) == {f"net.params[{name!r}]" for name in exact}
        for name in exact:
            np.testing.assert_allclose(
                found[f"net.params[{name!r}]"], exact[name], rtol=0, atol=1e-9
            )


def test_its_layered_backward_is_proved(small):
    model, params, x, t = small

    def loss(params, x, t):
        return TwoLayerNet(params).loss(x, t)

    def layered(params, x, t):
        return TwoLayerNet(params).gradient(x, t)

    params = {name: np.asarray(p) for name, p in params.items()}
    for function in (loss, pure.loss_of(model)):
        assert purenet.check_grads(function, params, x, t, gradient=layered).compared == 43


@pytest.mark.full
def test_all_39_760_of_its_layered_gradients_are_proved_on_the_twin(x64):
    draw = np.random.default_rng(0)
    shapes = {"W1": (784, 50), "b1": (50,), "W2": (50, 10), "b2": (10,)}
    params = {name: draw.normal(size=shape) / 20 for name, shape in shapes.items()}
    x, t = draw.uniform(size=(100, 784)), draw.integers(0, 10, 100)
    report = purenet.check_grads(
        pure.loss_of(nn.two_layer_net(784, 50, 10)),
        params,
        x,
        t,
        gradient=lambda params, x, t: TwoLayerNet(params).gradient(x, t),
    )
    assert report.compared == 39_760


@pytest.fixture(scope="module")
def shown():
    with jax.enable_x64(True):
        return exhibit.run(Settings())


@pytest.mark.full
def test_every_claim_holds_on_the_digits(shown):
    assert [claim.sentence for claim in shown.claims if not claim.holds] == []
    assert len(shown.claims) == 20
    assert shown.ablation.holds
    assert shown.holds


@pytest.mark.full
def test_the_first_100_losses_agree_far_better_than_asked(shown):
    (claim,) = [c for c in shown.claims if "first 100 steps" in c.sentence]
    assert np.shape(claim.mutating) == np.shape(claim.pure) == (100,)
    assert claim.difference < 1e-12
    assert claim.mutating[-1] < claim.mutating[0]


@pytest.mark.full
def test_the_note_says_what_was_trained(shown):
    (note,) = shown.notes
    assert "scikit-learn's digits: 1,437 images to train on, 360 to test on; net 64-50-10" in note


@pytest.mark.full
def test_mnist_is_used_where_a_folder_is_given(tmp_path, monkeypatch, x64):
    digits = data.digits()
    train = ("train", digits.x_train, digits.t_train)
    test = ("t10k", digits.x_test, digits.t_test)
    for part, x, t in (train, test):
        pixels = np.round(255 * x).astype(np.uint8)
        header = struct.pack(">4I", 0x803, len(x), 8, 8)
        (tmp_path / f"{part}-images-idx3-ubyte.gz").write_bytes(
            gzip.compress(header + pixels.tobytes())
        )
        header = struct.pack(">2I", 0x801, len(t))
        (tmp_path / f"{part}-labels-idx1-ubyte").write_bytes(header + t.astype(np.uint8).tobytes())
    monkeypatch.setattr(exhibit, "_STEPS", 600)
    shown = exhibit.run(Settings(mnist=tmp_path))
    assert [claim.sentence for claim in shown.claims if not claim.holds] == []
    assert shown.notes[0].startswith(f"MNIST from {tmp_path}: 1,437 images")
