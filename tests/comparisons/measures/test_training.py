"""The measure of training: everyone takes the same steps, and promises that can fail."""

import jax
import numpy as np
import pytest

from comparisons.measures import training
from comparisons.measures.training import contenders, curves, problems, timing
from comparisons.measures.training.contenders import MUTATING, PURE, SCAN, TORCH
from comparisons.measures.training.curves import Curves
from comparisons.measures.training.timing import Timing
from purenet import data

pytestmark = pytest.mark.full


def problem(sizes=(64, 8, 10), epochs=2, dtype=np.float64):
    digits = data.digits(test=1497)
    dataset = digits._replace(
        x_train=digits.x_train[:300].astype(dtype), t_train=digits.t_train[:300]
    )
    return problems.Problem("digits", sizes, dataset, epochs)


@pytest.mark.parametrize("sizes", [(64, 8, 10), (64, 8, 8, 8, 10)], ids=["book", "mlp"])
def test_everyone_takes_the_same_steps(sizes, x64):
    everyone = contenders.contenders()
    assert {MUTATING, PURE, SCAN} <= set(everyone)
    small = problem(sizes)
    found = {name: prepare(small)() for name, prepare in everyone.items()}
    original = found[MUTATING]
    assert original.losses.shape == (6,)
    assert original.losses.dtype == np.float64
    for one in found.values():
        np.testing.assert_allclose(one.losses, original.losses, rtol=1e-12)
        for name, array in original.params.items():
            np.testing.assert_allclose(one.params[name], array, rtol=1e-9, atol=1e-12)


def test_a_run_starts_anew_each_time(x64):
    for prepare in contenders.contenders().values():
        train = prepare(problem())
        np.testing.assert_array_equal(train().losses, train().losses)


def test_in_float32_everyone_computes_in_float32():
    small = problem(dtype=np.float32)
    for prepare in contenders.contenders().values():
        found = prepare(small)()
        assert found.losses.dtype == np.float32
        assert {np.asarray(p).dtype for p in found.params.values()} == {np.dtype(np.float32)}


def test_the_books_run_is_ten_thousand_steps():
    digits = problems.digits()
    assert digits.steps == problems.STEPS == 10_000
    assert digits.sizes == (64, 50, 10)
    assert len(digits.batches()) == digits.steps
    assert {len(batch) for batch in digits.batches()} == {problems.BATCH}


def test_curves_are_compared_and_drawn(x64, tmp_path):
    found = curves.trained(problem())
    assert (
        set(found.losses)
        == set(found.accuracies)
        == set(contenders.contenders())
        & {
            MUTATING,
            TORCH,
            PURE,
        }
    )
    assert max(found.apart(name) for name in found.losses) < 1e-13
    assert found.points == 0
    curves.draw([found, found], tmp_path / "curves.png")
    assert (tmp_path / "curves.png").stat().st_size > 10_000


def test_everyone_is_timed_in_turns():
    with jax.enable_x64(False):
        found = timing.timed(problem(dtype=np.float32), rounds=3)
    assert set(found.rounds) == set(found.first) == set(contenders.contenders())
    assert all(len(times) == 3 and min(times) > 0 for times in found.rounds.values())
    assert set(found.single) <= {MUTATING, TORCH}


def test_a_ratio_is_of_runs_beside_each_other():
    stormy = {"a": [1.0, 10.0, 1.1], "b": [2.0, 20.0, 2.2]}
    one = Timing("a", 10, stormy, {}, ())
    assert one.ratio("b", "a") == pytest.approx(2.0)
    assert one.seconds("b") == 2.2


def found(apart=1e-15, accuracy=92.0, torch=2.5, numpy=1.6, scan=1.0):
    losses = {MUTATING: np.ones(200), PURE: np.ones(200), TORCH: np.ones(200)}
    losses[PURE] = losses[PURE] + apart * (np.arange(200) == 99)
    accuracies = {MUTATING: 92.0, PURE: accuracy, TORCH: 92.0}
    seconds = {MUTATING: [numpy], TORCH: [torch], PURE: [1.0], SCAN: [1 / scan]}
    times = [Timing(name, 10, seconds, dict.fromkeys(seconds, 1.0), ()) for name in ("book", "mlp")]
    return training.Training([Curves("digits 64-50-10", 797, losses, accuracies)], times)


def test_promises_hold_or_fail_by_their_figures():
    assert found().holds
    assert len(found().promises) == 2 + 2 * 3
    for changes in (
        {"apart": 2e-9},
        {"accuracy": 91.4},
        {"torch": 1.9},
        {"numpy": 1.4},
        {"scan": 1.2},
        {"apart": float("nan")},
    ):
        assert not found(**changes).holds


def test_without_pytorch_nothing_is_promised_of_it():
    whole = found()
    times = [
        one._replace(rounds={k: v for k, v in one.rounds.items() if k != TORCH})
        for one in whole.times
    ]
    promises = training.promises(whole.trained, times)
    assert len(promises) == 2 + 2 * 2
    assert not any("PyTorch" in promise.sentence for promise in promises)


def test_the_record_is_whole():
    record = found().record()
    assert len(record["trained"][0]["losses"][PURE]) == 200
    assert record["times"][1]["rounds"][SCAN] == [1.0]
    assert len(record["promises"]) == 8
