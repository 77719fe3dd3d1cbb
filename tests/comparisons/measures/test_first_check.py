"""The measure of the first check: its losses, its promises, and one cell in a process."""

import jax
import numpy as np
import pytest
from rich.console import Console

from comparisons.measures import first_check
from comparisons.measures.first_check import FirstCheck
from comparisons.measures.first_check.losses import LARGE, SMALL, distinct, mlp_of
from tests.sampling import sample


def found(*, seconds=4.0, programs=4, runs=2, checked=12.0, maps=0.1):
    """A measurement in which purenet takes so long, and all else a second."""
    cells = {
        (tool, name): {"seconds": 1.0, "wall": 1.0, "programs": 1, "runs": 1, "again": 0.1}
        for tool in ("compiled", "jax", "purenet")
        for name in (*SMALL, *LARGE)
    }
    for name in SMALL:
        cells["jax", name]["seconds"] = 4.0
        cells["purenet", name] |= {"seconds": seconds, "programs": programs, "runs": runs}
    row = {
        "budget": 10.0,
        "compiled": {"seconds": 1.0, "again": 0.1},
        "purenet": {"seconds": checked, "again": 1.0},
    }
    return FirstCheck(cells, {1_000: row}, {"maps": maps, "bytes": 1e5})


@pytest.mark.parametrize("name", sample([*SMALL, *LARGE], every=3))
def test_each_loss_is_a_number_in_float32(name):
    with jax.enable_x64(False):
        loss = {**SMALL, **LARGE}[name]()
        value = jax.jit(loss.function)(loss.params, *loss.data)
    assert value.dtype == np.float32
    assert np.isfinite(value)


def test_distinct_losses_are_distinct():
    programs = {str(jax.make_jaxpr(distinct(n).function)(distinct(n).params)) for n in range(50)}
    assert len(programs) == 50


@pytest.mark.parametrize("size", [1_000, 100_000])
def test_an_mlp_has_about_as_many_parameters_as_asked_for(size):
    leaves = jax.tree.leaves(mlp_of(size).params)
    assert abs(sum(leaf.size for leaf in leaves) / size - 1) < 0.1


def test_every_promise_is_kept_or_broken_by_its_own_figure():
    assert found().holds
    for worse in (
        {"seconds": 5.5},
        {"programs": 13},
        {"runs": 5},
        {"checked": 17.0},
        {"maps": 6.0},
    ):
        assert not found(**worse).holds


def test_the_tables_show_every_loss():
    console = Console(width=120, record=True)
    console.print(found())
    text = console.export_text()
    assert all(name in text for name in (*SMALL, *LARGE))
    assert "FAILS" not in text
    assert found().record()["many"]["maps"] == 0.1


@pytest.mark.full
def test_a_cell_is_measured_in_a_process_of_its_own():
    cell = first_check._measured("purenet", "softmax regression 8-5")
    assert cell["programs"] <= 12
    assert cell["runs"] <= 4
    with pytest.raises(RuntimeError, match="purenet nothing: "):
        first_check._measured("purenet", "nothing")
