"""The README: its examples run as printed, its table is measured, its two commands are there."""

import doctest
import re
from pathlib import Path

import pytest

from comparisons.exhibits import run
from comparisons.settings import Settings
from purenet.purity.findings import REGISTRY

README = Path(__file__).parent.parent / "README.md"


def test_every_example_prints_what_the_readme_says():
    outcome = doctest.testfile(
        str(README),
        module_relative=False,
        optionflags=doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS,
    )
    assert outcome.attempted > 20
    assert outcome.failed == 0


def test_the_table_of_the_puzzle_is_the_ablation_of_simple_net(x64):
    ablation = run("simple_net", Settings()).ablation
    assert ablation is not None
    rows = [line for line in README.read_text().splitlines() if line.startswith("| argument")]
    for row, mutating, pure in zip(rows, ablation.mutating, ablation.pure, strict=True):
        printed = [float(cell) for cell in row.split("|")[2:-1]]
        assert printed == pytest.approx([*mutating, *pure], abs=5e-6)


def test_two_bash_commands_do_all_the_set_up():
    blocks = re.findall(r"```bash\n(.*?)```", README.read_text(), re.DOTALL)
    assert [block.count("\n") for block in blocks] == [1, 1]
    assert all("venv" in block and "pip install" in block for block in blocks)


def test_the_kinds_of_finding_are_those_of_the_registry():
    listed = "\n".join(f"- `{kind}`: {one.summary}" for kind, one in REGISTRY.items())
    assert f"\n{listed}\n" in README.read_text(encoding="utf-8")
