"""What the checks cost: the book's network whole, and one wrong coordinate among ten million."""

import statistics
from collections.abc import Callable
from functools import partial
from time import perf_counter
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

import purenet
from comparisons.measures.speed.libraries import Jax
from comparisons.measures.speed.networks import two_layer_net
from comparisons.measures.speed.tools import in_jax

WIDTHS = (2500, 2857, 1000)
_BATCH = 16
_WRONG = "W1", (1234, 567), 1.1
_REPEATS = 3


class Large(NamedTuple):
    """What a search in a large model came to.

    Attributes:
        coordinates: the number of parameters.
        planted: the path of the one whose derivative is wrong.
        found: the paths that the check names.
        further: evaluations of the loss beyond those along the random directions.
        passes: whether the same loss without the error passes.
        seconds: of the check that fails, compilation and diagnosis included.
    """

    coordinates: int
    planted: str
    found: tuple[str, ...]
    further: int
    passes: bool
    seconds: float


class Book(NamedTuple):
    """What a whole check of the book's network in float64 takes, once compiled.

    Attributes:
        seconds: the median.
        gradients: in calls of fd.grad, which takes two points of each coordinate.
    """

    seconds: float
    gradients: float


def book() -> Book:
    """A whole check of the book's network beside its finite-difference gradient, in turn."""
    network = two_layer_net()
    parameters, data = in_jax(network)
    loss = partial(network.loss, Jax())
    checks, gradients = [], []
    for _ in range(_REPEATS + 1):
        for times, call in ((checks, purenet.check_grads), (gradients, _gradient)):
            start = perf_counter()
            call(loss, parameters, data)
            times.append(perf_counter() - start)
    seconds = statistics.median(checks[1:])
    return Book(seconds, seconds / statistics.median(gradients[1:]))


def _gradient(loss: Callable, parameters: Any, data: Any) -> Any:
    return jax.block_until_ready(purenet.fd.grad(loss)(parameters, data))


def searched(widths: tuple[int, int, int] = WIDTHS) -> Large:
    """A network in float32 with one wrong coordinate, checked at the defaults."""
    parameters, data = _network(widths)
    name, index, factor = _WRONG
    index = tuple(i % n for i, n in zip(index, parameters[name].shape, strict=True))

    @jax.custom_vjp
    def planted(w):
        return w

    planted.defvjp(lambda w: (w, None), lambda _, g: (g.at[index].multiply(factor),))

    def wrong(parameters, x, t):
        return _loss({**parameters, name: planted(parameters[name])}, x, t)

    passes = purenet.compare_grads(_loss, parameters, *data, budget=0, modes=("rev",)).ok
    start = perf_counter()
    report = purenet.compare_grads(wrong, parameters, *data, budget=0, modes=("rev",))
    seconds = perf_counter() - start
    further = sum(
        int(part.split()[0])
        for failure in report.failures
        for part in failure.split("; ")
        if "further evaluations" in part
    )
    return Large(
        sum(p.size for p in parameters.values()),
        f"parameters['{name}']{list(index)}",
        tuple(culprit.path for culprit in report.culprits),
        further,
        passes,
        seconds,
    )


def _network(widths: tuple[int, int, int]) -> tuple[dict[str, Any], tuple]:
    rng = np.random.default_rng(0)
    inputs, hidden, classes = widths
    parameters = {
        "W1": rng.normal(size=(inputs, hidden)) * inputs**-0.5,
        "b1": np.zeros(hidden),
        "W2": rng.normal(size=(hidden, classes)) * hidden**-0.5,
    }
    x = jnp.asarray(rng.normal(size=(_BATCH, inputs)), jnp.float32)
    t = jnp.asarray(rng.integers(0, classes, _BATCH))
    return {name: jnp.asarray(p, jnp.float32) for name, p in parameters.items()}, (x, t)


def _loss(parameters, x, t):
    logits = jnp.tanh(x @ parameters["W1"] + parameters["b1"]) @ parameters["W2"]
    return -jnp.mean(jax.nn.log_softmax(logits)[jnp.arange(len(t)), t])
