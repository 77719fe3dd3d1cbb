"""What an audit of the book's two-layer network costs beyond tracing it."""

from collections.abc import Callable
from statistics import median
from time import perf_counter
from typing import NamedTuple

import jax
import numpy as np

from comparisons.exhibits.two_layer_net import mutating, pure
from purenet import nn
from purenet.purity import audit

SIZES, BATCH, TIMES = (784, 50, 10), 100, 3


class Price(NamedTuple):
    """The price of one audit: medians, after one that warms up.

    Attributes:
        name: of the network as a person would say it.
        audit: seconds of the audit.
        tracing: seconds of jax.make_jaxpr; 0 for NumPy code, which nobody traces.
    """

    name: str
    audit: float
    tracing: float

    @property
    def beyond(self) -> float:
        """Seconds beyond tracing."""
        return self.audit - self.tracing


def prices(sizes: tuple[int, int, int] = SIZES, batch: int = BATCH) -> list[Price]:
    """The network in JAX; the mutating original by the book's lambda, and by all its parameters."""
    model = nn.two_layer_net(*sizes)
    params = model.init(jax.random.key(0))
    rng = np.random.default_rng(0)
    x, t = rng.random((batch, sizes[0])), rng.integers(sizes[-1], size=batch)
    net = mutating.TwoLayerNet(params)
    written = {name: array.copy() for name, array in net.params.items()}

    def of_all(params):
        return mutating.TwoLayerNet(params).loss(x, t)

    return [
        price("in JAX", pure.loss_of(model), (params, x, t)),
        price(
            "in NumPy, the book's lambda", mutating.captured_loss(net, x, t), (net.params["W1"],)
        ),
        price("in NumPy, every parameter", of_all, (written,)),
    ]


def price(name: str, function: Callable, args: tuple) -> Price:
    """The price of one audit."""
    tracing = 0.0
    if any(isinstance(leaf, jax.Array) for leaf in jax.tree.leaves(args)):
        tracing = _seconds(lambda: jax.make_jaxpr(function)(*args))
    return Price(name, _seconds(lambda: audit(function, *args)), tracing)


def _seconds(work: Callable) -> float:
    def once() -> float:
        start = perf_counter()
        work()
        return perf_counter() - start

    once()
    return median(once() for _ in range(TIMES))
