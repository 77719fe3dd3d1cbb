"""The README and the guides: their examples run as printed, links and figures hold."""

import doctest
import re
from pathlib import Path

import pytest

from comparisons import puzzle
from purenet.purity.kinds import REGISTRY

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
GUIDES = (
    "comparisons/README.md",
    pytest.param("purenet/check/README.md", marks=pytest.mark.full),
    "purenet/fd/README.md",
    "purenet/purity/README.md",
    pytest.param("purenet/train/README.md", marks=pytest.mark.full),
)


def _texts(folder):
    return sorted((ROOT / folder).rglob("*.md"))


def examples_of(file):
    return doctest.testfile(
        str(file),
        module_relative=False,
        encoding="utf-8",
        optionflags=doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS,
    )


def test_every_example_prints_what_the_readme_says():
    outcome = examples_of(README)
    assert outcome.attempted > 20
    assert outcome.failed == 0


@pytest.mark.parametrize("guide", GUIDES)
def test_every_example_prints_what_the_guide_says(guide):
    outcome = examples_of(ROOT / guide)
    assert outcome.attempted >= 4
    assert outcome.failed == 0


@pytest.mark.parametrize(
    "file",
    [README, *(path for top in (".github", "comparisons", "purenet") for path in _texts(top))],
    ids=lambda file: str(file.relative_to(ROOT)),
)
def test_every_link_leads_to_a_file(file):
    links = re.findall(r"\]\((?!http)([^)#]+)\)", file.read_text(encoding="utf-8"))
    assert [link for link in links if not (file.parent / link).exists()] == []


def test_every_place_that_the_guides_name_is_there():
    guides = [
        README,
        *(path for top in (".github", "comparisons", "purenet") for path in _texts(top)),
    ]
    named = {
        path
        for guide in guides
        for path in re.findall(
            r"`((?:purenet|comparisons|tests)/[\w/]+(?:\.\w+|/))`",
            guide.read_text(encoding="utf-8"),
        )
        if "NAME" not in path
    }
    assert len(named) > 5
    assert [path for path in named if not (ROOT / path).exists()] == []


def test_the_table_of_the_puzzle_is_measured():
    ablation = puzzle.answered().ablation
    rows = [line for line in README.read_text().splitlines() if line.startswith("| argument")]
    for row, mutating, pure in zip(rows, ablation.mutating, ablation.pure, strict=True):
        printed = [float(cell) for cell in row.split("|")[2:-1]]
        assert printed == pytest.approx([*mutating, *pure], abs=5e-6)


def test_two_bash_commands_do_all_the_set_up():
    blocks = re.findall(r"```bash\n(.*?)```", README.read_text(), re.DOTALL)
    assert [block.count("\n") for block in blocks] == [1, 1]
    assert all("venv" in block and "pip install" in block for block in blocks)


def test_the_kinds_of_finding_are_those_of_the_registry():
    guide = (ROOT / "purenet/purity/README.md").read_text(encoding="utf-8")
    for kind, one in REGISTRY.items():
        assert f"| `{kind}` | {one.summary} |" in guide
