"""What the page measures for its plots: short versions of the measures, a minute in all."""

from collections.abc import Callable, Iterator
from time import perf_counter
from typing import NamedTuple

import jax
import numpy as np

import purenet
from comparisons.measures import v_curve
from comparisons.measures.detection import plants, verdicts
from comparisons.measures.detection.checkers import CHECKERS, TORCH_SLOW
from comparisons.measures.detection.verdicts import Verdict
from comparisons.measures.speed import rows, tools
from comparisons.measures.speed.networks import softmax_regression, two_layer_net
from comparisons.measures.speed.tools import Time
from comparisons.measures.training import curves as training_curves
from comparisons.measures.training import problems
from comparisons.measures.training.curves import Curves
from comparisons.measures.v_curve import Curve
from purenet import GradientReport, data, nn

WIDTHS = (5, 15, 50)  # of the hidden layer of 784-H-10
EPOCHS = 200  # of ten steps
_IMAGES = 10
_PLANTED = (
    (plants.NOTHING, None),
    (plants.COORDINATE, 1e-1),
    (plants.COORDINATE, 1e-3),
    (plants.COORDINATE, 1e-6),
    (plants.LEAF, 1e-3),
    (plants.EVERYTHING, 1e-3),
    (plants.NEGATED_COORDINATE, None),
    (plants.TRANSPOSED, None),
    (plants.IGNORED, None),
)


class Samples(NamedTuple):
    """The data of the plots.

    Attributes:
        agreement: compare_grads of the book's network on digits, in float32.
        steps: errors against steps.
        times: by number of coordinates, the time of each tool.
        training: the losses of the implementations.
        found: the checkers' verdicts on planted errors.
    """

    agreement: GradientReport
    steps: list[Curve]
    times: dict[int, dict[str, Time]]
    training: Curves
    found: list[Verdict]


class Step(NamedTuple):
    """One of the measurements, once it is done."""

    name: str
    title: str
    seconds: float


def measure() -> Iterator[Step | Samples]:
    """Each measurement as it is done, and last the samples themselves."""
    found = {}
    for name, (title, take) in _MEASUREMENTS.items():
        start = perf_counter()
        found[name] = take()
        yield Step(name, title, perf_counter() - start)
    yield Samples(**found)


def agreement() -> GradientReport:
    """The book's network on ten digits in float32: every coordinate, by jax.grad and by fd."""
    digits = data.digits()
    model = nn.two_layer_net(digits.x_train.shape[1], 50, 10)
    with jax.enable_x64(False):
        loss = nn.loss_fn(model, nn.softmax_cross_entropy)
        x = digits.x_train[:_IMAGES].astype(np.float32)
        params = model.init(jax.random.key(0))
        return purenet.compare_grads(loss, params, x, digits.t_train[:_IMAGES], modes=("rev",))


def times() -> dict[int, dict[str, Time]]:
    """Every tool once on the book's network, at several widths; NumPy and PyTorch on one thread.

    For products as small as these a second thread is no gain, and on a busy machine they wait for
    it a thousand times longer than they compute.
    """
    from threadpoolctl import threadpool_limits

    found = {}
    for width in WIDTHS:
        with jax.enable_x64(True), threadpool_limits(1):
            network = two_layer_net(width)
            ours = tools.ours(network)
            ours()
            of_tools = {tools.INCREMENTAL: tools.seconds_of(ours)}
            for name, prepare in rows.PEERS.items():
                if name != rows.FLOOR:
                    of_tools[name] = prepare(network)()
        found[network.coordinates] = of_tools
    return found


def training() -> Curves:
    """The book's network on digits, trained by each implementation for 2,000 steps."""
    with jax.enable_x64(True):
        return training_curves.trained(problems.digits()._replace(epochs=EPOCHS))


def found() -> list[Verdict]:
    """What each checker says of a few planted errors, on one small network in float64."""
    with jax.enable_x64(True):
        network = softmax_regression().cast(np.float64)
        every = plants.planted(network, tools.by_jax_grad(network))
        planted = [plant for plant in every if (plant.kind, plant.size) in _PLANTED]
        return [
            verdict
            for tool in CHECKERS
            if tool != TORCH_SLOW  # a quarter of a minute for each verdict
            for verdict in verdicts.of_plants(tool, network, planted)
        ]


_MEASUREMENTS: dict[str, tuple[str, Callable]] = {
    "agreement": ("jax.grad against finite differences, coordinate by coordinate", agreement),
    "steps": ("The error of a difference against its step", v_curve.errors),
    "times": ("The time for all coordinates, tool by tool", times),
    "training": ("The losses of a training run, by each implementation", training),
    "found": ("Planted errors, and which checker finds them", found),
}
