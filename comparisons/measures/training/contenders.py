"""Who trains: the mutating NumPy original, PyTorch eager, purenet, and a bare scan."""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

from comparisons.exhibits.training_step.mutating import torch_if_installed
from comparisons.exhibits.two_layer_net.mutating import MultiLayerNet, TwoLayerNet
from comparisons.measures.training.problems import BATCH, LEARNING_RATE, Problem
from purenet import nn, train

MUTATING, TORCH, PURE, STEP, SCAN = (
    "mutating NumPy",
    "PyTorch eager",
    "purenet fit",
    "purenet train_step",
    "bare lax.scan",
)


class Trained(NamedTuple):
    """The loss of every step, and the parameters after the last."""

    losses: np.ndarray
    params: dict[str, Any]


Train = Callable[[], Trained]


def contenders() -> dict[str, Callable[[Problem], Train]]:
    """All that are here, by name: each prepares a problem, and then trains it from its start."""
    everyone = {MUTATING: mutating, TORCH: torch, PURE: pure, STEP: pure_steps, SCAN: bare_scan}
    if torch_if_installed() is None:
        del everyone[TORCH]
    return everyone


def with_one_thread(train: Train) -> Train:
    """The same training with one thread for NumPy's and PyTorch's products; JAX keeps its own."""
    from threadpoolctl import threadpool_limits

    def run() -> Trained:
        with threadpool_limits(1):
            return train()

    return run


def mutating(problem: Problem) -> Train:
    """The book's network, which writes into its parameters."""
    make = TwoLayerNet if len(problem.sizes) == 3 else MultiLayerNet
    x, t, batches = problem.dataset.x_train, problem.dataset.t_train, problem.batches()

    def run() -> Trained:
        net = make(problem.params, problem.dtype.type)
        losses = [net.step(x[batch], t[batch], LEARNING_RATE) for batch in batches]
        return Trained(np.array(losses), net.params)

    return run


def torch(problem: Problem) -> Train:
    """torch.nn.Linear in a Sequential, cross_entropy and optim.SGD, as its tutorials write them."""
    torch = torch_if_installed()
    x, t = torch.tensor(problem.dataset.x_train), torch.tensor(problem.dataset.t_train)
    batches = [torch.tensor(batch).long() for batch in problem.batches()]
    activation = torch.nn.Sigmoid if len(problem.sizes) == 3 else torch.nn.ReLU

    def network() -> Any:
        layers = []
        for inputs, outputs in zip(problem.sizes, problem.sizes[1:], strict=False):
            layers += [torch.nn.Linear(inputs, outputs, dtype=x.dtype), activation()]
        net = torch.nn.Sequential(*layers[:-1])
        start = {}
        for layer in range(len(problem.sizes) - 1):
            start[f"{2 * layer}.weight"] = torch.tensor(problem.params[f"W{layer + 1}"].T.copy())
            start[f"{2 * layer}.bias"] = torch.tensor(problem.params[f"b{layer + 1}"])
        net.load_state_dict(start)
        return net

    def run() -> Trained:
        net, losses = network(), []
        optimizer = torch.optim.SGD(net.parameters(), lr=LEARNING_RATE)
        for batch in batches:
            optimizer.zero_grad()
            loss = torch.nn.functional.cross_entropy(net(x[batch]), t[batch])
            loss.backward()
            optimizer.step()
            losses.append(loss.detach())
        return Trained(torch.stack(losses).numpy(), _of_torch(net))

    return run


def _of_torch(net: Any) -> dict[str, np.ndarray]:
    params = {}
    for name, value in net.state_dict().items():
        layer, kind = name.split(".")
        array = value.numpy()
        params[("W" if kind == "weight" else "b") + str(int(layer) // 2 + 1)] = array.T
    return params


def _pure_parts(problem: Problem) -> tuple[Callable, Any, tuple]:
    loss = nn.loss_fn(problem.model, nn.softmax_cross_entropy)
    return loss, optax.sgd(LEARNING_RATE), (problem.dataset.x_train, problem.dataset.t_train)


def pure(problem: Problem) -> Train:
    """purenet.train.fit, which shuffles, looks out for NaN and for Ctrl-C, and keeps a history."""
    loss, optimizer, data = _pure_parts(problem)
    data, params = jax.tree.map(jnp.asarray, (data, problem.params))

    def run() -> Trained:
        state = train.init(params, optimizer, problem.key)
        fit = train.fit(
            loss, optimizer, state, data, epochs=problem.epochs, batch_size=BATCH, progress=False
        )
        return Trained(fit.history.loss, fit.state.params)

    return run


def pure_steps(problem: Problem) -> Train:
    """purenet.train.train_step in a Python loop, batches taken by NumPy."""
    loss, optimizer, (x, t) = _pure_parts(problem)
    batches, params = problem.batches(), jax.tree.map(jnp.asarray, problem.params)
    step = train.train_step(loss, optimizer)

    def run() -> Trained:
        state, losses = train.init(params, optimizer, problem.key), []
        for batch in batches:
            state, value = step(state, x[batch], t[batch])
            losses.append(value)
        return Trained(np.asarray(jax.device_get(losses)), state.params)

    return run


def bare_scan(problem: Problem) -> Train:
    """The least one can write by hand: gradient descent in a scan over batches given to it."""
    loss, _, data = _pure_parts(problem)
    data, params = jax.tree.map(jnp.asarray, (data, problem.params))
    batches = jnp.asarray(np.stack(problem.batches()))

    @jax.jit
    def scanned(params, data, batches):
        x, t = data

        def body(params, batch):
            value, grads = jax.value_and_grad(loss)(params, x[batch], t[batch])
            return jax.tree.map(lambda p, g: p - LEARNING_RATE * g, params, grads), value

        return jax.lax.scan(body, params, batches)

    def run() -> Trained:
        after, losses = scanned(params, data, batches)
        return Trained(np.asarray(losses), jax.block_until_ready(after))

    return run
