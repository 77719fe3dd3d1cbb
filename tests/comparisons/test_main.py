"""The command line: what runs, what is printed where, and the exit status of every case."""

import json
import os
import struct
import subprocess
import sys
from pathlib import Path

import jax.numpy as jnp
import numpy as np
import pytest

import comparisons.__main__ as program
from comparisons import exhibits, measures, puzzle, show_brief
from comparisons.__main__ import main
from comparisons.claims import equal, fact
from comparisons.exhibition import Ablation, Exhibition

ROOT = Path(__file__).resolve().parents[2]
HOLDS = fact("it holds", holds=True, mutating=1, pure=1)
FAILS = fact("it does not", holds=False, mutating=1, pure=2)
ANSWERED = puzzle.Answered(
    Ablation("W", "net.W", ((1.0, 2.0), (1.0, 2.0)), ((1.0, 1.0), (2.0, 2.0))),
    np.ones((2, 3)),
    np.ones((2, 3)),
)
MIXES = Ablation("W", "net.W", ((1.0, 2.0), (3.0, 4.0)), ((1.0, 1.0), (2.0, 2.0)))


class Registry:
    """Exhibits made for a test: what each shows or raises, and which were run with what."""

    def __init__(self, **shows):
        self.shows = shows
        self.ran = []

    def run(self, name, settings):
        self.ran.append((name, settings))
        shows = self.shows[name]
        if isinstance(shows, BaseException):
            raise shows
        return shows if isinstance(shows, Exhibition) else Exhibition(name, f"About {name}.", shows)

    @property
    def names(self):
        return [name for name, _ in self.ran]


@pytest.fixture(autouse=True)
def _plain_environment(monkeypatch):
    for variable in ("PURENET_MNIST", "FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setattr(puzzle, "answered", lambda: ANSWERED)


@pytest.fixture
def show(monkeypatch):
    """Replace the exhibits by the given ones."""

    def replace(**shows):
        registry = Registry(**shows)
        monkeypatch.setattr(exhibits, "NAMES", tuple(shows))
        monkeypatch.setattr(exhibits, "run", registry.run)
        monkeypatch.setattr(show_brief, "programs", lambda name: f"the programs of {name}")
        return registry

    return replace


def test_every_exhibit_runs_in_order_and_all_holding_is_status_0(show, capsys):
    registry = show(second=(HOLDS,), first=(HOLDS, HOLDS))
    assert main([]) == 0
    assert registry.names == ["second", "first"]
    printed = capsys.readouterr()
    assert printed.out.index("About second.") < printed.out.index("About first.")
    assert "3 of 3 claims hold" in printed.out
    assert printed.err == ""


def test_named_exhibits_run_alone_once_and_in_the_order_given(show):
    registry = show(a=(HOLDS,), b=(FAILS,), c=(HOLDS,))
    assert main(["c", "a", "c"]) == 0
    assert registry.names == ["c", "a"]


def test_a_failing_claim_is_status_1_and_is_named_at_the_end(show, capsys):
    show(a=(HOLDS,), b=(HOLDS, FAILS))
    assert main([]) == 1
    assert "FAILS  b: it does not\n2 of 3 claims hold" in capsys.readouterr().out


def test_a_failing_ablation_is_status_1(show, capsys):
    show(a=Exhibition("a", "t", (HOLDS,), MIXES))
    assert main([]) == 1
    assert "FAILS  a: the ablation\n" in capsys.readouterr().out


def test_an_exhibit_that_raises_is_status_1_and_the_others_still_run(show, capsys):
    registry = show(a=IndexError("half-way"), b=(HOLDS,))
    assert main([]) == 1
    assert registry.names == ["a", "b"]
    printed = capsys.readouterr()
    assert "IndexError: half-way" in printed.out
    assert "tests/comparisons/test_main.py:" in printed.out
    assert "About b." in printed.out
    assert "RAISED a: IndexError: half-way\n1 of 1 claims hold, 1 raised" in printed.out
    assert "Traceback" not in printed.out + printed.err


def test_an_unknown_name_lists_the_names_and_the_nearest(show, capsys):
    registry = show(simple_net=(HOLDS,), linear_model=(HOLDS,))
    assert main(["linear_model", "simplenet"]) == 2
    assert capsys.readouterr().err == (
        "error: got the name 'simplenet'; wanted one of simple_net, linear_model, accuracy, "
        "alarms, detection, first_check, purity, scale, speed, training; "
        "did you mean simple_net?\n"
    )
    assert registry.ran == []


def test_a_name_near_to_nothing_points_to_the_list(show, capsys):
    show(simple_net=(HOLDS,))
    assert main(["zzz"]) == 2
    assert capsys.readouterr().err == (
        "error: got the name 'zzz'; wanted one of simple_net, accuracy, alarms, detection, "
        "first_check, purity, scale, speed, training; --list says what each one shows\n"
    )


def test_a_keyboard_interrupt_is_status_130_with_a_line(show, capsys):
    registry = show(a=(HOLDS,), b=KeyboardInterrupt(), c=(HOLDS,))
    assert main([]) == 130
    assert registry.names == ["a", "b"]
    printed = capsys.readouterr()
    assert "About a." in printed.out
    assert printed.err == "interrupted: what is not shown above has not run\n"


def test_the_exhibits_see_float64_and_nobody_after_them(monkeypatch):
    seen = []

    def run(name, settings):
        seen.append(jnp.ones(()).dtype)
        return Exhibition(name, "t", (equal("s", mutating=1, pure=1),))

    monkeypatch.setattr(exhibits, "run", run)
    assert main(["linear_model"]) == 0
    assert seen == [jnp.dtype("float64")]
    assert jnp.ones(()).dtype == jnp.dtype("float32")


@pytest.mark.parametrize(("columns", "widest"), [("80", 80), ("100", 100), ("200", 120)])
def test_plain_text_fits_80_to_120_columns_when_piped(show, capsys, monkeypatch, columns, widest):
    monkeypatch.setenv("COLUMNS", columns)
    show(a=(HOLDS, fact("a long sentence " * 20, holds=True, pure=list(range(99)))))
    main([])
    printed = capsys.readouterr().out
    assert max(map(len, printed.splitlines())) == widest
    assert "\x1b" not in printed


@pytest.mark.full
def test_signs_that_the_output_cannot_encode_do_not_stop_it():
    ran = start("addition_net", PYTHONIOENCODING="ascii")
    assert ran.returncode == 0, ran.stderr
    assert "8 of 8 claims hold, 1 of 1 ablations hold" in ran.stdout


def test_the_list_shows_titles_and_no_section_without_names(monkeypatch, capsys):
    monkeypatch.setattr(exhibits, "NAMES", ("addition_net",))
    monkeypatch.setattr(measures, "NAMES", ())
    assert main(["--list"]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith("exhibits\n  addition_net   A net that only adds: f([[101]])")
    assert "measures" not in printed


def test_help_and_list_do_not_wait_for_jax():
    for option in ("--help", "--list"):
        program = (
            "import sys, comparisons.exhibits as e; e.NAMES = ('addition_net',)\n"
            "from comparisons.__main__ import main\n"
            "try: main(sys.argv[1:])\n"
            "except SystemExit: pass\n"
            "assert 'jax' not in sys.modules"
        )
        ran = subprocess.run(
            [sys.executable, "-c", program, option], cwd=ROOT, capture_output=True, text=True
        )
        assert ran.returncode == 0, ran.stderr
        assert "addition_net" in ran.stdout or "--mnist DIR" in ran.stdout


def test_a_measure_runs_only_when_it_is_named(show, monkeypatch, capsys):
    class Measured:
        title, holds = "Beside its peers.", False

        def __rich__(self):
            return "its table"

        def record(self):
            return {"ratio": 2.0}

    def run(name, settings):
        return Measured()

    show(a=(HOLDS,))
    monkeypatch.setattr(measures, "NAMES", ("accuracy",))
    monkeypatch.setattr(measures, "run", run)
    assert main([]) == 0
    assert "its table" not in capsys.readouterr().out
    assert main(["accuracy", "a"]) == 1
    assert "its table" in capsys.readouterr().out
    assert main(["accuracy", "--json", "-"]) == 1
    assert json.loads(capsys.readouterr().out)["measures"][0]["ratio"] == 2.0


@pytest.fixture
def mnist(tmp_path):
    """A folder with four IDX files: three images of one pixel for training, and for testing."""
    for half in ("train", "t10k"):
        images = struct.pack(">4I", 0x803, 3, 1, 1) + bytes(3)
        (tmp_path / f"{half}-images-idx3-ubyte").write_bytes(images)
        (tmp_path / f"{half}-labels-idx1-ubyte").write_bytes(
            struct.pack(">2I", 0x801, 3) + bytes(3)
        )
    return tmp_path


def test_the_mnist_folder_comes_from_the_environment(show, monkeypatch, mnist):
    registry = show(a=(HOLDS,))
    assert main([]) == 0
    monkeypatch.setenv("PURENET_MNIST", str(mnist))
    assert main([]) == 0
    assert [settings.mnist for _, settings in registry.ran] == [None, mnist]


def test_the_option_goes_before_the_environment(show, monkeypatch, mnist):
    registry = show(a=(HOLDS,))
    monkeypatch.setenv("PURENET_MNIST", "/nowhere")
    assert main(["--mnist", str(mnist)]) == 0
    assert registry.ran[0][1].mnist == mnist


@pytest.mark.parametrize("source", ["--mnist", "PURENET_MNIST"])
def test_a_missing_mnist_folder_is_refused_before_anything_runs(show, capsys, monkeypatch, source):
    registry = show(a=(HOLDS,))
    monkeypatch.setenv("PURENET_MNIST", "/nowhere" if source == "PURENET_MNIST" else "")
    assert main(["--mnist", "/nowhere"] if source == "--mnist" else []) == 2
    printed = capsys.readouterr().err
    assert printed.startswith(f"error: {source}: got the folder /nowhere, which does not exist; ")
    assert printed.count("\n") == 1
    assert registry.ran == []


def test_a_truncated_mnist_file_is_refused_by_its_name(show, capsys, mnist):
    registry = show(a=(HOLDS,))
    file = mnist / "t10k-labels-idx1-ubyte"
    file.write_bytes(file.read_bytes()[:-1])
    assert main(["--mnist", str(mnist)]) == 2
    printed = capsys.readouterr().err
    assert printed.startswith(f"error: --mnist: got {file} with 2 bytes of data; wanted 3")
    assert "truncated" in printed
    assert registry.ran == []


def test_json_goes_to_a_file_beside_the_tables(show, capsys, tmp_path):
    show(a=(HOLDS,), b=ValueError("bad"))
    assert main(["--json", str(tmp_path / "all.json")]) == 1
    assert "About a." in capsys.readouterr().out
    contents = json.loads((tmp_path / "all.json").read_text())
    assert [shown["name"] for shown in contents["exhibits"]] == ["a", "b"]
    assert [shown["error"] for shown in contents["exhibits"]] == [None, "ValueError: bad"]
    assert contents["holds"] is False


def test_json_on_standard_output_is_all_there_is(show, capsys):
    show(a=(HOLDS,))
    assert main(["--json", "-"]) == 0
    printed = capsys.readouterr()
    assert json.loads(printed.out)["holds"] is True
    assert printed.err == ""


@pytest.mark.parametrize("place", ["", "missing/all.json"])
def test_a_json_file_that_cannot_be_is_refused_before_anything_runs(show, capsys, tmp_path, place):
    registry = show(a=(HOLDS,))
    path = tmp_path / place
    assert main(["--json", str(path)]) == 2
    assert capsys.readouterr().err == (
        f"error: got --json {path}, which is a folder or lies in none; wanted a file to write; "
        "correct the path, or make its folder first\n"
    )
    assert registry.ran == []


def test_a_json_file_that_cannot_be_written_says_why(show, capsys, monkeypatch, tmp_path):
    def refuse(*arguments, **keywords):
        raise OSError(28, "No space left on device")

    show(a=(HOLDS,))
    monkeypatch.setattr(program, "write_whole", refuse)
    assert main(["--json", str(tmp_path / "f")]) == 2
    assert capsys.readouterr().err == (
        f"error: got --json {tmp_path / 'f'}, but writing it failed: No space left on "
        "device; wanted a file that can be written; name another one\n"
    )


def test_an_exhibit_may_track_its_progress_and_a_pipe_sees_nothing(show, capsys, monkeypatch):
    tracked = []

    def run(name, settings):
        tracked.extend(settings.track("abc", "letters"))
        return Exhibition(name, "t", (HOLDS,))

    show(a=())
    monkeypatch.setattr(exhibits, "run", run)
    assert main([]) == 0
    assert tracked == ["a", "b", "c"]
    assert capsys.readouterr().err == ""


@pytest.mark.full
def test_as_a_program_it_prints_the_numbers_of_both_sides():
    ran = start("addition_net")
    assert ran.returncode == 0, ran.stderr
    lines, numbers = "return lambda w: net.loss(x, t)", "the mutating lambda"
    assert ran.stdout.index(lines) < ran.stdout.index(numbers)
    assert "8 of 8 claims hold, 1 of 1 ablations hold" in ran.stdout
    assert "\x1b" not in ran.stdout


def test_a_name_shows_its_programs_before_it_runs(show, capsys):
    show(a=(HOLDS, FAILS))
    assert main(["a"]) == 1
    printed = capsys.readouterr().out
    assert printed.index("the programs of a") < printed.index("it does not")
    assert printed.endswith("FAILS  a: it does not\n1 of 2 claims hold, 0.0 seconds\n")


def test_all_prints_every_number_and_no_story(show, capsys):
    many = tuple(fact(f"claim {i}", holds=True, mutating=100 + i) for i in range(9))
    show(a=many)
    assert main(["--all"]) == 0
    everything = capsys.readouterr().out
    assert "The puzzle" not in everything
    assert "108" in everything
    assert main(["a"]) == 0
    short = capsys.readouterr().out
    assert "claim 8" in short
    assert "108" not in short


@pytest.mark.parametrize(("claims", "status"), [((HOLDS,), 0), ((FAILS,), 1)])
def test_a_reader_that_goes_away_ends_the_run_with_the_status_of_what_ran(
    show, monkeypatch, claims, status
):
    registry = show(a=claims, b=(FAILS,))
    monkeypatch.setattr(program.Screen, "is_read", property(lambda screen: not registry.ran))
    assert main([]) == status
    assert registry.names == ["a"]


def test_a_file_to_write_is_written_whoever_reads(show, monkeypatch, tmp_path):
    registry = show(a=(HOLDS,), b=(HOLDS,))
    monkeypatch.setattr(program.Screen, "is_read", property(lambda screen: False))
    assert main(["--json", str(tmp_path / "all.json")]) == 0
    assert registry.names == ["a", "b"]
    assert json.loads((tmp_path / "all.json").read_text())["holds"]


def test_a_pipe_into_head_is_no_failure():
    ran = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {sys.executable} -m comparisons | head -2"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout.startswith("The puzzle")


def start(*arguments, **environment):
    return subprocess.run(
        [sys.executable, "-m", "comparisons", *arguments],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
    )


def test_a_plot_goes_to_a_file_that_can_be_written(tmp_path, capsys):
    assert main(["--plot", str(tmp_path / "nowhere" / "v.png"), "accuracy"]) == 2
    assert "which is a folder or lies in none; wanted a file such as" in capsys.readouterr().err
