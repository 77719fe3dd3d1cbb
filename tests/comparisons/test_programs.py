"""The programs as text: places, the lines that correspond, and what cannot be found."""

import pytest

from comparisons import exhibits, programs
from comparisons.programs import Excerpt, excerpt, pairs, source, twins, whole


@pytest.mark.parametrize("name", exhibits.NAMES)
def test_the_lines_of_every_exhibit_are_lines_of_its_files(name):
    found = pairs(name)
    assert found
    for pair in found:
        assert pair.mutating or pair.pure
        for part in (pair.mutating, pair.pure):
            if part is not None:
                lines = source(name, part.file).splitlines()[part.first - 1 :]
                for shown, line in zip(part.lines, lines, strict=False):
                    assert line.endswith(shown)


def test_places():
    assert excerpt("simple_net", "mutating.py", "puzzle: net ... return") == Excerpt(
        "mutating.py",
        41,
        (
            "net = SimpleNet(W)",
            "f = lambda W: net.loss(x, t)",
            "return numerical_gradient(f, net.W)",
        ),
    )
    assert excerpt("simple_net", "pure.py", "model").lines == ("model = nn.simple_net()",)
    assert excerpt("simple_net", "pure.py", "") is None
    method = whole("simple_net", "mutating.py", "SimpleNet.predict: return")
    assert method.lines[0] == "def predict(self, x):"
    assert method.lines[-1] == "    return np.dot(x, self.W)"


@pytest.mark.parametrize(
    ("place", "message"),
    [
        (
            "Net.loss",
            "got the place 'Net.loss'; wanted one of .* in simple_net/mutating.py; correct",
        ),
        ("puzzle: jax", "got the place 'puzzle: jax'; wanted a text that a line of puzzle in"),
        ("puzzle: net ... jax", "wanted a text that a line of puzzle in"),
    ],
)
def test_a_place_that_is_not_there(place, message):
    with pytest.raises(LookupError, match=message):
        excerpt("simple_net", "mutating.py", place)


def test_an_exhibit_without_twins_shows_the_definitions_of_the_same_names(tmp_path, monkeypatch):
    folder = tmp_path / "new"
    folder.mkdir()
    (folder / "mutating.py").write_text("def loss(W):\n    return 1\n\nclass Net:\n    pass\n")
    (folder / "pure.py").write_text("def other():\n    pass\n\ndef loss(W):\n    return W\n")
    monkeypatch.setattr(programs, "FOLDER", tmp_path)
    monkeypatch.setattr(programs, "find_spec", lambda module: None)
    assert [twin.mutating for twin in twins("new")] == ["loss"]
    (pair,) = pairs("new")
    assert pair.pure == Excerpt("pure.py", 4, ("def loss(W):", "    return W"))
    assert source("new", "absent.py") == ""
