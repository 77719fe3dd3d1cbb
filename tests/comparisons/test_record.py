"""What machines read: valid JSON, every digit, every verdict, and what it was measured with."""

import json
import platform
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from comparisons import measures, record
from comparisons.claims import Audit, close, equal, fact
from comparisons.exhibition import Ablation, Exhibition
from comparisons.runs import Outcome
from comparisons.settings import Settings
from purenet.purity import Finding, PurityReport

SEPARATES = Ablation("W", "net.W", ((1.0, 2.0), (1.0, 2.0)), ((1.0, 1.0), (2.0, 2.0)))


def read(*runs, mnist=None):
    return json.loads(record.document(runs, Settings(mnist=mnist)), parse_constant=refuse)


def refuse(constant):
    raise AssertionError(f"{constant} is no JSON")


def exhibit(*claims, ablation=None, notes=(), audits=()):
    shown = Exhibition("simple_net", "t", claims, ablation, notes, audits)
    return Outcome("simple_net", shown, 0.5)


def test_the_head_names_versions_dtype_and_data():
    contents = read(exhibit(fact("s", holds=True)), mnist=Path("mnist"))
    assert contents["versions"]["python"] == platform.python_version()
    assert contents["versions"]["jax"] == jax.__version__
    assert contents["versions"]["numpy"] == np.__version__
    assert contents["dtype"] == "float64"
    assert contents["mnist"] == "mnist"
    assert (contents["holds"], contents["seconds"]) == (True, 0.5)
    assert read()["mnist"] is None


def test_numbers_are_read_back_exactly():
    third, trace = 1.0 / 3.0, np.array([[2.062020953321506, 2.0620083894906935]])
    claims = read(
        exhibit(
            close("a", mutating=third, pure=np.float64(third), expected=0, tolerance=1.0),
            close("b", mutating=trace, pure=jnp.array([[2.0, 0.5]]), tolerance=1.0),
            equal("c", mutating=10**20, pure=[107, (108, True)]),
        )
    )["exhibits"][0]["claims"]
    assert claims[0] == {
        "sentence": "a",
        "mutating": third,
        "pure": third,
        "expected": 0,
        "difference": third,
        "tolerance": 1.0,
        "holds": True,
    }
    assert claims[1]["mutating"] == trace.tolist()
    assert claims[1]["pure"] == [[2.0, 0.5]]
    assert claims[2]["mutating"] == 10**20
    assert claims[2]["pure"] == [107, [108, True]]
    assert claims[2]["expected"] is None


@pytest.mark.parametrize("wrap", [float, np.float64, np.array, lambda item: [np.array([item])]])
@pytest.mark.parametrize(
    ("value", "text"),
    [(float("nan"), "NaN"), (float("inf"), "Infinity"), (float("-inf"), "-Infinity")],
)
def test_what_is_not_finite_is_text(value, text, wrap):
    claim = read(exhibit(fact("s", holds=True, pure=wrap(value))))["exhibits"][0]["claims"][0]
    assert np.ravel(claim["pure"]).tolist() == [text]


def test_other_things_become_text_and_keys_too():
    values = {"W1": np.bool_(True), 2: Path("p"), "word": "IndexError", "none": None}
    claim = read(exhibit(fact("s", holds=True, pure=values)))["exhibits"][0]["claims"][0]
    assert claim["pure"] == {"W1": True, "2": "p", "word": "IndexError", "none": None}


def test_an_exhibit_has_its_ablation_notes_and_verdicts():
    run = exhibit(fact("s", holds=False), ablation=SEPARATES, notes=("n",))
    contents = read(run)
    shown = contents["exhibits"][0]
    assert not contents["holds"]
    assert (shown["name"], shown["title"], shown["notes"]) == ("simple_net", "t", ["n"])
    assert (shown["holds"], shown["seconds"], shown["error"]) == (False, 0.5, None)
    assert shown["ablation"] == {
        "argument": "W",
        "state": "net.W",
        "mutating": [[1.0, 2.0], [1.0, 2.0]],
        "pure": [[1.0, 1.0], [2.0, 2.0]],
        "holds": True,
    }
    assert read(exhibit(fact("s", holds=True)))["exhibits"][0]["ablation"] is None


def test_an_audit_is_recorded_whole_under_its_label():
    evidence = {"value": np.float64(2.0), "W changed": float("nan")}
    finding = Finding("ignored-parameter", "W", "mutating.py:36", "why", "how", evidence)
    audits = (
        Audit("lambda W: net.loss(x, t)", PurityReport("<lambda>", (finding,), seconds=0.5)),
        Audit("loss(params, x, t)", PurityReport("loss")),
    )
    impure, pure = read(exhibit(audits=audits))["exhibits"][0]["audits"]
    assert (impure["label"], impure["function"]) == ("lambda W: net.loss(x, t)", "<lambda>")
    assert (impure["ok"], impure["notes"], impure["seconds"]) == (False, [], 0.5)
    assert impure["findings"] == [
        {
            "kind": "ignored-parameter",
            "subject": "W",
            "where": "mutating.py:36",
            "explanation": "why",
            "remedy": "how",
            "evidence": {"value": 2.0, "W changed": "nan"},
            "also": [],
        }
    ]
    assert (pure["label"], pure["ok"], pure["findings"]) == ("loss(params, x, t)", True, [])
    assert read(exhibit())["exhibits"][0]["audits"] == []


def test_a_failing_ablation_is_recorded_as_failing():
    swapped = Ablation("W", "net.W", SEPARATES.pure, SEPARATES.mutating)
    shown = read(exhibit(ablation=swapped))["exhibits"][0]
    assert (shown["holds"], shown["ablation"]["holds"]) == (False, False)


def test_an_exception_is_recorded_beside_the_others():
    contents = read(Outcome("linear_model", IndexError("half-way"), 1.5), exhibit())
    assert contents["exhibits"][0] == {
        "name": "linear_model",
        "holds": False,
        "seconds": 1.5,
        "error": "IndexError: half-way",
    }
    assert (contents["holds"], contents["seconds"]) == (False, 2.0)


def test_a_measure_records_itself_among_the_measures(monkeypatch):
    class Measured:
        title = "Speed."
        holds = True

        def __rich__(self):
            return ""

        def record(self):
            return {"ratios": np.array([31.4, np.inf])}

    monkeypatch.setattr(measures, "NAMES", ("speed",))
    contents = read(Outcome("speed", Measured(), 3.0))
    assert contents["exhibits"] == []
    assert contents["measures"] == [
        {
            "name": "speed",
            "holds": True,
            "seconds": 3.0,
            "error": None,
            "title": "Speed.",
            "ratios": [31.4, "Infinity"],
        }
    ]
