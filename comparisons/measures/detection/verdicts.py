"""Who is asked about what: the plants that each network gets, and every checker's verdicts."""

from time import perf_counter
from typing import NamedTuple

from comparisons.measures.detection import plants
from comparisons.measures.detection.checkers import CHECKERS, PURENET_TORCH, TORCH_SLOW
from comparisons.measures.detection.plants import Plant
from comparisons.measures.speed.networks import Network, softmax_regression, two_layer_net

_EVERY_PLANT = (two_layer_net().name, softmax_regression().name)
_LEAST = {"float64": 1e-7, "float32": 1e-5}  # below it float32 has nothing to say
_ON_ALL_NETWORKS = {
    "float64": {
        *((plants.COORDINATE, size) for size in (1e-1, 1e-3, 1e-6)),
        *((plants.SMALL_COORDINATE, size) for size in (1e-3, 1e-6)),
        *((kind, size) for kind in (plants.LEAF, plants.EVERYTHING) for size in (1e-3, 1e-6)),
        (plants.NEGATED_COORDINATE, None),
        (plants.NEGATED_LEAF, None),
        (plants.TRANSPOSED, None),
        (plants.IGNORED, None),
        (plants.NOTHING, None),
    },
    "float32": {
        (plants.COORDINATE, 1e-3),
        (plants.SMALL_COORDINATE, 1e-3),
        (plants.LEAF, 1e-3),
        (plants.NEGATED_COORDINATE, None),
        (plants.IGNORED, None),
        (plants.NOTHING, None),
    },
}


class Verdict(NamedTuple):
    """What one checker said of one plant.

    Attributes:
        network: its name.
        dtype: of parameters and data.
        kind: of the plant.
        size: of the plant, where it has one.
        tool: the checker.
        refused: whether it refused the loss; None where it was not asked, because it refused the
            loss without error as well, and such a refusal says nothing.
        seconds: how long that took.
    """

    network: str
    dtype: str
    kind: str
    size: float | None
    tool: str
    refused: bool | None
    seconds: float


def asked(tool: str, network: Network, dtype: str, every: list[Plant]) -> list[Plant]:
    """The plants that a checker is asked about, by what it would take the slowest of them."""
    if tool in (TORCH_SLOW, PURENET_TORCH) and network.name != softmax_regression().name:
        return []
    if network.name in _EVERY_PLANT:
        return [plant for plant in every if plant.size is None or plant.size >= _LEAST[dtype]]
    return [plant for plant in every if (plant.kind, plant.size) in _ON_ALL_NETWORKS[dtype]]


def of_tool(tool: str, network: Network, every: list[Plant]) -> list[Verdict]:
    """A checker's verdicts on what it is asked about on a network."""
    return of_plants(tool, network, asked(tool, network, _dtype(network), every))


def of_plants(tool: str, network: Network, planted: list[Plant]) -> list[Verdict]:
    """A checker's verdicts on these plants, the loss without error being the first of them."""
    dtype = _dtype(network)
    verdicts: list[Verdict] = []
    for plant in planted:
        start = perf_counter()
        alarmed = bool(verdicts) and verdicts[0].refused
        refused = None if alarmed else CHECKERS[tool](network, plant)
        seconds = perf_counter() - start
        verdicts.append(
            Verdict(network.name, dtype, plant.kind, plant.size, tool, refused, seconds)
        )
    return verdicts


def _dtype(network: Network) -> str:
    return next(iter(network.parameters.values())).dtype.name
