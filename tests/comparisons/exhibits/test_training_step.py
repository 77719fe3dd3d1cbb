"""The training step: objects that write into each other, PyTorch, and one pure function."""

import chex
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from comparisons.exhibits.training_step import audits, exhibit, mutating, pure
from comparisons.settings import Settings


@pytest.fixture
def problem():
    draw = np.random.default_rng(1)
    return (
        draw.normal(size=(2, 3)),
        draw.normal(size=2),
        draw.normal(size=(8, 3)),
        draw.normal(size=(8, 2)),
    )


def test_backward_accumulates_until_zero_grad(problem):
    weight, bias, x, t = problem
    module = mutating.Linear(weight, bias)
    optimizer = mutating.SGD(module.parameters(), lr=0.1)
    mutating.MeanSquaredError(module, x, t).backward()
    once = module.weight.grad.copy()
    mutating.MeanSquaredError(module, x, t).backward()
    np.testing.assert_allclose(module.weight.grad, 2 * once)
    optimizer.zero_grad()
    np.testing.assert_array_equal(module.weight.grad, np.zeros((2, 3)))


def test_the_learning_rate_is_written_into_the_optimizer():
    trainer = mutating.Trainer(mutating.Linear(np.ones((1, 1)), np.zeros(1)), base_lr=0.4)
    trainer.update_learning_rate(45)
    assert trainer.optimizer.lr == 0.1
    assert float(pure.learning_rate(0.4)(45)) == 0.1


def test_no_grad_is_global_and_ends_with_its_region(problem):
    weight, bias, x, t = problem
    module = mutating.Linear(weight, bias)
    with mutating.no_grad():
        loss = mutating.MeanSquaredError(module, x, t)
    with pytest.raises(RuntimeError, match="no_grad region"):
        loss.backward()
    mutating.MeanSquaredError(module, x, t).backward()
    assert np.any(module.weight.grad != 0)


def test_the_numpy_module_and_the_pure_step_take_the_same_steps(problem, x64):
    weight, bias, x, t = problem
    original = mutating.train(weight, bias, x, t, 0.1, 50)
    twin = pure.train({"weight": weight, "bias": bias}, x, t, 0.1, 50)
    for theirs, ours in zip(original, twin, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-13)
    assert original[0][-1] < original[0][0]


@pytest.mark.full
def test_pytorch_takes_the_same_steps(problem, x64):
    torch = pytest.importorskip("torch")
    weight, bias, x, t = problem
    original = mutating.train_with_torch(torch, weight, bias, x, t, 0.1, 50)
    with_numpy = mutating.train(weight, bias, x, t, 0.1, 50)
    twin = pure.train({"weight": weight, "bias": bias}, x, t, 0.1, 50)
    for theirs, module, ours in zip(original, with_numpy, twin, strict=True):
        np.testing.assert_allclose(module, theirs, rtol=0, atol=1e-13)
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-13)


@pytest.mark.parametrize("transform", [lambda f: f, jax.jit], ids=["no jit", "jit"])
def test_the_pure_step_changes_nothing_that_it_was_given(transform, problem, x64):
    weight, bias, x, t = problem
    optimizer = pure.sgd(0.1)
    state = pure.start(optimizer, {"weight": jnp.array(weight), "bias": jnp.array(bias)})
    step = transform(lambda state: pure.step(optimizer, state, x, t))
    first, loss = step(state)
    again, loss_again = step(state)
    chex.assert_trees_all_equal((first, loss), (again, loss_again))
    np.testing.assert_array_equal(state.params["weight"], weight)
    assert np.any(first.params["weight"] != weight)


def test_the_audit_finds_what_backward_and_a_step_write_into(problem, x64):
    backward, step, pure_loss, pure_step = audits.run(*problem, 0.1)[0]
    written = [f.subjects for f in backward.report.findings if f.kind == "mutates-state"]
    assert written == [("module.weight.grad", "module.bias.grad")]
    assert step.report.kinds == ("mutates-state",)
    assert sum(len(f.subjects) for f in step.report.findings) == 7
    assert pure_loss.report.ok
    assert pure_step.report.ok


@pytest.mark.full
def test_every_claim_holds_and_the_ablation_separates_the_two(x64):
    shown = exhibit.run(Settings())
    assert [claim.sentence for claim in shown.claims if not claim.holds] == []
    assert len(shown.claims) in (19, 20)  # one more where PyTorch is installed
    assert shown.ablation is not None
    assert shown.ablation.holds
    assert shown.holds
