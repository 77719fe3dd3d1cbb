"""The measure of detection: plants that are wrong as said in every library, counts, promises."""

from importlib.util import find_spec

import jax
import numpy as np
import pytest

from comparisons.measures import detection
from comparisons.measures.detection import checkers, large, planting, plants, verdicts
from comparisons.measures.detection.large import Book, Large
from comparisons.measures.detection.verdicts import Verdict
from comparisons.measures.speed import networks, tools
from comparisons.measures.speed.libraries import Numpy

SMALL = networks.two_layer_net(hidden=4, inputs=6, classes=3)
OURS = [name for name in checkers.CHECKERS if name.startswith(checkers.PURENET)]
PEERS = [name for name in checkers.CHECKERS if name not in OURS]
KINDS_OF_SIZES = (
    plants.COORDINATE,
    plants.SMALL_COORDINATE,
    plants.ROW,
    plants.LEAF,
    plants.EVERYTHING,
)


def right():
    return {name: np.asarray(leaf) for name, leaf in tools.by_jax_grad(SMALL).items()}


def plant_of(kind, size=None):
    every = plants.planted(SMALL, right())
    return next(plant for plant in every if (plant.kind, plant.size) == (kind, size))


def one_of_each_kind():
    every = plants.planted(SMALL, right())
    return [plant for plant in every if plant.size in (None, plants.SIZES[2])]


def by_jax(plant):
    loss, parameters, data = planting.loss_of(SMALL, plant, planting.Jax())
    return jax.tree.map(np.asarray, jax.grad(loss)(parameters, data))


def by_torch(plant):
    library = planting.Torch()
    loss, parameters, data = planting.loss_of(SMALL, plant, library)
    for leaf in parameters.values():
        leaf.requires_grad_()
    loss(parameters, data).backward()
    return {name: leaf.grad.numpy() for name, leaf in parameters.items()}


def by_autograd(plant):
    from autograd import grad

    loss, parameters, data = planting.loss_of(SMALL, plant, planting.Autograd())
    return grad(loss)(parameters, data)


def small_coordinate():
    return plants.telling_coordinate(right(), SMALL, share=0.0)[1]


def wrong(kind, gradient, name, where, e=None):
    """The wrong gradient of W1, written as one would say it."""
    leaf = gradient.copy()
    row = where[0]
    if kind == plants.SMALL_COORDINATE:
        leaf[small_coordinate()] *= 1 + e
    elif kind in (plants.COORDINATE, plants.NEGATED_COORDINATE):
        leaf[where] *= 1 + e if e else -1
    elif kind in (plants.ROW, plants.ZERO_ROW):
        leaf[row] *= 1 + e if e else 0
    elif kind in (plants.LEAF, plants.EVERYTHING):
        leaf *= 1 + e
    elif kind == plants.NEGATED_LEAF:
        leaf = -leaf
    elif kind == plants.TRANSPOSED:
        leaf = leaf.T.reshape(leaf.shape)
    elif kind == plants.ROLLED:
        leaf = np.concatenate([leaf[-1:], leaf[:-1]])
    elif kind == plants.WRONG_AXIS:
        leaf *= 6 / 4
    elif kind == plants.UNAVERAGED:
        leaf *= 100
    elif kind in (plants.ZERO_LEAF, plants.IGNORED):
        leaf[:] = 0
    return leaf


@pytest.mark.full
def test_each_plant_is_wrong_as_it_says(x64):
    gradient = right()
    name, where = plants.telling_coordinate(gradient, SMALL)
    everywhere = (plants.EVERYTHING, plants.UNAVERAGED, plants.IGNORED)
    for plant in one_of_each_kind():
        found = by_jax(plant)
        for leaf, value in found.items():
            expected = gradient[leaf]
            if leaf == name or plant.kind in everywhere:
                expected = wrong(plant.kind, expected, name, where, plant.size)
            np.testing.assert_allclose(value, expected, rtol=1e-14, err_msg=plant.kind)
        off = any(np.any(value != gradient[leaf]) for leaf, value in found.items())
        assert off == (plant.kind != plants.NOTHING)


def test_every_size_is_planted_and_the_loss_without_error_first(x64):
    every = plants.planted(SMALL, right())
    assert every[0].kind == plants.NOTHING
    assert len(every) == len(KINDS_OF_SIZES) * len(plants.SIZES) + 10
    name, where = plants.telling_coordinate(right(), SMALL)
    for plant in every:
        if plant.kind in KINDS_OF_SIZES:
            factor = np.broadcast_to(plant.changes[name].factor, SMALL.parameters[name].shape)
            small = plant.kind == plants.SMALL_COORDINATE
            assert factor[small_coordinate() if small else where] == 1 + plant.size
            assert len(plant.changes) == (4 if plant.kind == plants.EVERYTHING else 1)


def test_the_coordinate_is_the_median_of_those_that_tell():
    leaf = np.array([[1e-9, 0.5], [-3.0, 1.0]])
    network = SMALL._replace(parameters={"b": np.zeros(1), "W": np.zeros((2, 2))})
    assert plants.telling_coordinate({"W": leaf, "b": np.ones(1)}, network) == ("W", (1, 1))
    assert plants.telling_coordinate({"W": leaf, "b": 700 * np.ones(1)}, network) == ("W", (1, 0))
    assert plants.telling_coordinate({"W": leaf}, network, share=0.0) == ("W", (0, 1))


@pytest.mark.full
@pytest.mark.parametrize(
    ("package", "differentiate"), [("torch", by_torch), ("autograd", by_autograd)]
)
def test_a_plant_is_the_same_in_every_library(package, differentiate, x64):
    pytest.importorskip(package)
    for plant in one_of_each_kind():
        if plant.kind != plants.IGNORED:  # which others say in their own ways
            expected = by_jax(plant)
            for name, leaf in differentiate(plant).items():
                np.testing.assert_allclose(leaf, expected[name], rtol=1e-9, atol=1e-17)


@pytest.mark.parametrize("make", networks.NETWORKS, ids=lambda make: make.__name__)
def test_autograd_computes_every_network(make):
    pytest.importorskip("autograd")
    network, library = make(), planting.Autograd()
    found = network.loss(library, network.parameters, network.data)
    assert found == pytest.approx(network.loss(Numpy(), network.parameters, network.data))


def test_what_is_not_a_matrix_is_rearranged_too():
    gradient = np.arange(2.0 * 3 * 1 * 4).reshape(2, 3, 1, 4)
    order = np.arange(gradient.size).reshape(gradient.shape).T.ravel()
    found = plants.Change(np.ones(()), order).of(Numpy(), gradient)
    np.testing.assert_array_equal(found, gradient.T.reshape(gradient.shape))


@pytest.mark.full
@pytest.mark.parametrize("name", PEERS)
def test_every_peer_refuses_a_gross_error_and_passes_what_is_right(name, x64):
    checker = checkers.CHECKERS[name]
    assert not checker(SMALL, plant_of(plants.NOTHING))
    assert checker(SMALL, plant_of(plants.UNAVERAGED))
    assert not checker(SMALL, plant_of(plants.COORDINATE, plants.SIZES[-1]))


@pytest.mark.full
@pytest.mark.parametrize("name", OURS)
def test_purenet_refuses_the_smallest_error_too_and_passes_what_is_right(name, x64):
    checker = checkers.CHECKERS[name]
    assert not checker(SMALL, plant_of(plants.NOTHING))
    assert checker(SMALL, plant_of(plants.UNAVERAGED))
    assert checker(SMALL, plant_of(plants.COORDINATE, plants.SIZES[-1]))


@pytest.mark.full
@pytest.mark.skipif(find_spec("torch") is None, reason="torch is not installed")
def test_torch_keeps_its_threads(x64):
    torch = planting.Torch().torch
    before = torch.get_num_threads()
    checkers.by_torch_fast(SMALL, plant_of(plants.NOTHING))
    assert torch.get_num_threads() == before


def test_who_refuses_the_right_loss_is_not_asked_about_others(monkeypatch, x64):
    asked = []

    def refusing(network, plant):
        asked.append(plant.kind)
        return True

    monkeypatch.setitem(checkers.CHECKERS, "made up", refusing)
    every = plants.planted(SMALL, right())
    found = verdicts.of_tool("made up", SMALL, every)
    assert asked == [plants.NOTHING]
    assert [verdict.refused for verdict in found] == [True, *[None] * (len(every) - 1)]


def test_the_slow_ones_are_asked_less(x64):
    def count(tool, network, dtype):
        every = plants.planted(SMALL, right())
        return len(verdicts.asked(tool, network, dtype, every))

    book, softmax = networks.two_layer_net(), networks.softmax_regression()
    assert count(checkers.PURENET, book, "float64") == 45
    assert count(checkers.TORCH_SLOW, book, "float64") == 0
    assert count(checkers.TORCH_SLOW, softmax, "float64") == 45
    assert count(checkers.PURENET, networks.cnn(), "float64") == 14
    assert count(checkers.PURENET, book, "float32") == 45 - 2 * len(KINDS_OF_SIZES)
    assert count(checkers.PURENET, networks.cnn(), "float32") == 6


def made_up(refused=lambda verdict: verdict.kind != plants.NOTHING):
    """Verdicts of two tools on two networks; ``refused`` says those of purenet."""
    every = [(plants.NOTHING, None), (plants.COORDINATE, 1e-1), (plants.COORDINATE, 1e-6)]
    every += [(plants.COORDINATE, 1e-7), (plants.TRANSPOSED, None), (plants.IGNORED, None)]
    found = []
    for network in ("book", "softmax"):
        for dtype in ("float64", "float32"):
            for kind, size in every:
                verdict = Verdict(network, dtype, kind, size, checkers.PURENET, None, 0.5)
                found.append(verdict._replace(refused=refused(verdict)))
                found.append(verdict._replace(tool=checkers.JAX, refused=network == "book" or None))
    return detection.Detection(found, LARGE, BOOK)


BOOK = Book(seconds=0.5, gradients=8.0)
LARGE = Large(10**7, "W1[3]", ("W1[3]",), further=60, passes=True, seconds=20.0)


def test_cells_count_the_networks_asked_about():
    def cell(tool, kind):
        return detection.cell(
            v for v in made_up().verdicts if v[1:3] == ("float64", kind) and v.tool == tool
        )

    assert cell(checkers.PURENET, plants.TRANSPOSED) == "2/2"
    assert cell(checkers.PURENET, plants.NOTHING) == "2/2"
    assert cell(checkers.JAX, plants.NOTHING) == "0/1"
    assert cell(checkers.JAX, plants.TRANSPOSED) == "1/1"
    assert detection.cell([]) == "–"


def missing(**changes):
    """Every error is found but one of this dtype, kind, and size."""

    def refused(verdict):
        missed = all(getattr(verdict, name) == value for name, value in changes.items())
        return (verdict.kind != plants.NOTHING) is not missed

    return made_up(refused)


def test_promises_hold_or_fail_by_the_verdicts():
    assert made_up().holds
    assert missing(size=1e-7).holds  # too small for a promise
    assert missing(size=1e-6, dtype="float32").holds
    broken = [
        missing(size=1e-6, dtype="float64", network="softmax"),
        missing(size=1e-1, dtype="float32"),
        missing(kind=plants.TRANSPOSED, dtype="float64"),
        missing(kind=plants.IGNORED, dtype="float64"),
        missing(kind=plants.NOTHING, dtype="float32", network="book"),
    ]
    for which, measured in enumerate(broken):
        assert [p.holds for p in measured.promises] == [i != which for i in range(7)]
    assert broken[0].promises[0].measured == "3 of 4, not one coordinate off by 1e-6 on softmax"
    assert not made_up(lambda verdict: None).holds  # nothing was asked
    assert not detection.Detection([], LARGE, BOOK).holds


@pytest.mark.parametrize(
    ("searched", "book", "kept"),
    [
        (LARGE, BOOK, [True, True]),
        (LARGE, BOOK._replace(gradients=15.0), [True, False]),
        (LARGE._replace(further=100), BOOK, [False, True]),
        (LARGE._replace(found=("W1[4]",)), BOOK, [False, True]),
        (LARGE._replace(found=("W1[3]", "W1[4]")), BOOK, [False, True]),
        (LARGE._replace(passes=False), BOOK, [False, True]),
    ],
)
def test_promises_of_the_price(searched, book, kept):
    assert [promise.holds for promise in detection.costs(searched, book)] == kept


@pytest.mark.full
def test_a_search_in_a_small_network():
    found = large.searched((20, 30, 5))
    assert found.coordinates == 20 * 30 + 30 + 30 * 5
    assert found.found == (found.planted,) == ("parameters['W1'][14, 27]",)
    assert found.passes
    assert found.further < 100


def test_the_record_is_whole():
    record = made_up().record()
    assert len(record["verdicts"]) == 48
    assert record["false_alarms"] == [
        {"tool": checkers.JAX, "network": "book", "dtype": "float64"},
        {"tool": checkers.JAX, "network": "book", "dtype": "float32"},
    ]
