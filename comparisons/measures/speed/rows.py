"""The rows of the table: every tool on one network in turns, and fd.grad as networks grow."""

from collections.abc import Callable
from importlib.util import find_spec
from typing import NamedTuple

import numpy as np

from comparisons.measures.speed import tools
from comparisons.measures.speed.networks import Network, two_layer_net
from comparisons.measures.speed.tools import Time

FLOOR = "exponentials"
_REPEATS = 3
PEERS: dict[str, Callable[[Network], Callable[[], Time]]] = {
    tools.LOOP: tools.loop,
    tools.SCIPY: tools.scipy,
    tools.VMAPPED: tools.vmapped,
    FLOOR: tools.floor,
    **({tools.TORCH: tools.torch} if find_spec("torch") else {}),
}


class Row(NamedTuple):
    """One network in one dtype: the time of each tool, and how well the gradient agrees.

    Attributes:
        network: its name.
        description: its sizes.
        dtype: of parameters and data.
        coordinates: the number of parameters.
        exponentials: those that two evaluations a coordinate cannot avoid.
        first: seconds of the first call of fd.grad, compilation included.
        times: of each tool.
        error: the largest difference from jax.grad, relative to the largest coordinate.
    """

    network: str
    description: str
    dtype: str
    coordinates: int
    exponentials: int
    first: float
    times: dict[str, Time]
    error: float

    def ratio(self, tool: str) -> float:
        """How many times longer a tool takes than fd.grad; NaN where it was not there."""
        if tool not in self.times:
            return float("nan")
        return self.times[tool].seconds / self.times[tools.INCREMENTAL].seconds


def measured(network: Network) -> Row:
    """Every tool on a network."""
    ours = tools.ours(network)
    first = tools.seconds_of(ours).seconds
    gradient, expected = ours(), tools.by_jax_grad(network)
    largest = max(float(np.max(np.abs(leaf))) for leaf in expected.values())
    apart = max(float(np.max(np.abs(gradient[name] - expected[name]))) for name in expected)
    runs = {tools.INCREMENTAL: lambda: tools.seconds_of(ours)}
    runs |= {name: tool(network) for name, tool in PEERS.items()}
    return Row(
        network.name,
        network.description,
        next(iter(network.parameters.values())).dtype.name,
        network.coordinates,
        network.all_exponentials,
        first,
        tools.medians(runs, _REPEATS),
        apart / largest,
    )


class Proof(NamedTuple):
    """The book's own backward pass, proved whole.

    Attributes:
        coordinates: the number of parameters.
        compared: the derivatives that agree.
        first: seconds of the first check, compilation included.
        again: seconds of a second one.
    """

    coordinates: int
    compared: int
    first: float
    again: float


def proof() -> Proof:
    """check_grads of the gradient that the book's layers compute, on the book's network."""
    network = two_layer_net()
    found = [tools.proved(network) for _ in range(2)]
    compared = min(report.compared if report.ok else 0 for report in found)
    return Proof(network.coordinates, compared, *(report.seconds for report in found))


def growth(width: int) -> dict[str, Time]:
    """fd.grad, the loop and the exponentials on the book's network of a width."""
    network = two_layer_net(width)
    ours = tools.ours(network)
    ours()
    runs = {
        tools.INCREMENTAL: lambda: tools.seconds_of(ours),
        tools.LOOP: tools.loop(network),
        FLOOR: tools.floor(network),
    }
    return tools.medians(runs, _REPEATS)


def against_numdifftools() -> Row:
    """A network small enough for numdifftools, which takes some thirty evaluations a coordinate."""
    network = two_layer_net(hidden=10, inputs=64, classes=10)
    ours = tools.ours(network)
    first = tools.seconds_of(ours).seconds
    runs = {
        tools.INCREMENTAL: lambda: tools.seconds_of(ours),
        tools.NUMDIFFTOOLS: tools.numdifftools(network),
    }
    times = tools.medians(runs, _REPEATS)
    size, exponentials = network.coordinates, network.all_exponentials
    head = (network.name, network.description, "float64")
    return Row(*head, size, exponentials, first, times, error=float("nan"))
