"""The measure of scale: what it promises, and both checks on small models."""

import io
import json

import pytest
from rich.console import Console

from comparisons.measures.first_check.losses import mlp_of, transformer
from comparisons.measures.scale import Scale
from comparisons.measures.scale.process import along_directions, every_coordinate

MLP = {"parameters": 10, "compared": 10, "verdict": "agrees", "seconds": 1.0, "memory": 0.5}
TRANSFORMER = {
    "parameters": 100,
    "verdict": "agrees",
    "seconds": 2.0,
    "located": 3.0,
    "planted": "params[0, 1]",
    "named": "params[0, 1]",
    "memory": 20.0,
}


def test_every_promise_is_kept_or_broken_by_its_own_figure():
    assert Scale({"mlp": MLP, "transformer": TRANSFORMER}).holds
    for worse in ({"compared": 9}, {"verdict": "undecided"}):
        assert not Scale({"mlp": MLP | worse, "transformer": TRANSFORMER}).holds
    for worse in ({"verdict": "disagrees"}, {"named": "params[0, 2]"}, {"memory": 25.0}):
        assert not Scale({"mlp": MLP, "transformer": TRANSFORMER | worse}).holds


def test_it_shows_and_records_what_it_found():
    scale = Scale({"mlp": MLP, "transformer": TRANSFORMER})
    console = Console(width=80, record=True, file=io.StringIO())
    console.print(scale)
    assert "params[0, 1] for params[0, 1]" in console.export_text().replace("\n", " ")
    assert json.loads(json.dumps(scale.record()))["mlp"] == MLP


@pytest.mark.full
def test_both_checks_on_small_models():
    mlp = every_coordinate(mlp_of(300))
    assert (mlp["verdict"], mlp["compared"]) == ("agrees", mlp["parameters"])
    found = along_directions(transformer(width=16, length=4, words=8, batch=1))
    assert (found["verdict"], found["named"]) == ("agrees", found["planted"])
