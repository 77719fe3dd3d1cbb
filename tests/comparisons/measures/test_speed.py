"""The measure of speed: one network in all libraries, honest scaling, promises that can fail."""

from importlib.util import find_spec
from time import sleep

import jax
import numpy as np
import pytest

from comparisons.exhibits.two_layer_net import mutating
from comparisons.measures import speed
from comparisons.measures.speed import networks, rows, tools
from comparisons.measures.speed.libraries import Jax, Numpy, Torch
from comparisons.measures.speed.tools import Time

LIBRARIES = [Numpy, Jax, *([Torch] if find_spec("torch") else [])]
SMALL = networks.two_layer_net(hidden=4, inputs=6, classes=3)


@pytest.mark.full
@pytest.mark.parametrize("make", networks.NETWORKS, ids=lambda make: make.__name__)
def test_each_network_is_one_function_in_all_libraries(make, x64):
    network = make()
    losses = []
    for library in (one() for one in LIBRARIES):
        parameters = {name: library.array(p) for name, p in network.parameters.items()}
        data = tuple(library.array(x) for x in network.data)
        losses.append(float(network.loss(library, parameters, data)))
    np.testing.assert_allclose(losses, losses[0], rtol=1e-12)
    assert set(network.exponentials) == set(network.parameters)


def test_the_book_is_the_books_network():
    network = networks.two_layer_net()
    x, t = network.data
    net = mutating.TwoLayerNet(network.parameters)
    loss = network.loss(Numpy(), network.parameters, network.data)
    assert net.loss(x, np.argmax(t, axis=1)) == pytest.approx(loss, rel=1e-12)
    assert network.coordinates == 39_760
    by_W1 = 2 * network.parameters["W1"].size * network.exponentials["W1"]
    assert by_W1 == 78_400_000


@pytest.mark.full
def test_every_tool_differentiates_the_network(x64, monkeypatch):
    monkeypatch.setattr(tools, "_PATIENCE", np.inf)  # however busy the machine is
    expected = tools.by_jax_grad(SMALL)
    for name, leaf in tools.ours(SMALL)().items():
        np.testing.assert_allclose(leaf, expected[name], atol=1e-8)
    runs = [tools.loop, tools.scipy, tools.vmapped, tools.numdifftools]
    for tool in runs + ([tools.torch] if find_spec("torch") else []):
        time = tool(SMALL)()
        assert time.seconds > 0
        assert time.share == 1.0


def test_the_mutating_loop_leaves_the_networks_parameters_alone():
    before = {name: p.copy() for name, p in SMALL.parameters.items()}
    tools.loop(SMALL)()
    for name, p in before.items():
        np.testing.assert_array_equal(SMALL.parameters[name], p)


def test_a_tool_is_stopped_once_its_time_is_up_and_its_time_scaled(monkeypatch):
    monkeypatch.setattr(tools, "_PATIENCE", 0.05)

    slept = []

    def run(limit):
        for _ in range(1000):
            limit(lambda: slept.append(sleep(0.005)))

    time = tools._timed(run, 1000)
    assert len(slept) < 100  # of a thousand
    assert time.share < 0.1
    assert time.seconds > 4.9


def test_the_floor_counts_every_exponential_once(x64):
    time = tools.floor(SMALL)()
    assert time.seconds > 0
    assert SMALL.all_exponentials == 2 * (100 * 3 * (6 * 4 + 4) + 100 * (4 * 3 + 3))


def row(make, factor=1000.0, error=1e-12, first=1.0):
    network = make()
    names = (tools.LOOP, tools.SCIPY, tools.VMAPPED, tools.TORCH, rows.FLOOR)
    times = {tools.INCREMENTAL: Time(1.0)} | {name: Time(factor, 0.5) for name in names}
    return rows.Row(
        network.name, network.description, "float64", network.coordinates, 1, first, times, error
    )


PROOF = rows.Proof(39_760, 39_760, first=900.0, again=500.0)


def speed_of(proof=(), **changes):
    proof = dict(proof)
    found = [row(make, **changes) for make in networks.NETWORKS]
    found += [one._replace(dtype="float32") for one in found]
    growth = {width: {tools.INCREMENTAL: Time(1e-3 * width**1.5)} for width in speed.WIDTHS}
    small = found[0]._replace(times={**found[0].times, tools.NUMDIFFTOOLS: Time(30.0)})
    return speed.Speed(found, growth, small, PROOF._replace(**proof))


def test_promises_hold_or_fail_by_their_figures():
    assert speed_of().holds
    assert len(speed_of().promises) == 11
    for changes in ({"factor": 3.0}, {"error": 1e-8}, {"first": 4.0}, {"error": float("nan")}):
        assert not speed_of(**changes).holds
    for proof in ({"compared": 39_759}, {"first": 1001.0}):
        assert not speed_of(proof).holds
    assert not speed_of(factor=0.1).promises[7].holds  # ten times the floor


def test_the_exponent_is_the_slope():
    assert speed_of().exponent(tools.INCREMENTAL) == pytest.approx(1.5)


def test_the_record_is_whole():
    record = speed_of().record()
    assert len(record["rows"]) == 10
    assert record["exponents"][tools.INCREMENTAL] == pytest.approx(1.5)


@pytest.mark.full
def test_float32_parameters_are_differenced_as_float32_ones():
    with jax.enable_x64(False):
        network = SMALL.cast(np.float32)
        gradient = tools.ours(network)()
        expected = tools.by_jax_grad(network)
        for name, leaf in gradient.items():
            assert leaf.dtype == np.float32
            np.testing.assert_allclose(leaf, expected[name], atol=1e-6)
