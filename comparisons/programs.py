"""The two programs of an exhibit as text, read from the files that are run.

Which lines of the two correspond, an exhibit says in its ``twins.py``: a tuple ``TWINS``.
One without it shows the definitions that have the same name on both sides.
"""

import ast
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

FOLDER = Path(__file__).parent / "exhibits"
MUTATING, PURE = "mutating.py", "pure.py"


class Twin(NamedTuple):
    """Lines of the two programs that correspond.

    Each side is a place: a definition, ``"SimpleNet.loss"``; lines of it that contain a text,
    ``"SimpleNet.loss: softmax"``; or those from one text to another, ``"step: zero ... step()"``.
    An empty place: that side needs no such line.

    Attributes:
        why: what the lines do, in a few words.
        mutating: the place in mutating.py.
        pure: the place in pure.py.
    """

    why: str
    mutating: str
    pure: str


class Excerpt(NamedTuple):
    """Consecutive lines of a file.

    Attributes:
        file: its name.
        first: the number of the first line, counted from 1.
        lines: the lines, without the indentation that they share.
    """

    file: str
    first: int
    lines: tuple[str, ...]


class Pair(NamedTuple):
    """A twin with its lines; None on the side that needs none."""

    why: str
    mutating: Excerpt | None
    pure: Excerpt | None


def pairs(name: str) -> list[Pair]:
    """The lines of an exhibit that matter, side by side."""
    return [
        Pair(twin.why, *(excerpt(name, *side) for side in _sides(twin))) for twin in twins(name)
    ]


def twins(name: str) -> tuple[Twin, ...]:
    """What the exhibit's twins.py says; without one, the definitions of the same names."""
    module = f"comparisons.exhibits.{name}.twins"
    if find_spec(module) is not None:
        return import_module(module).TWINS
    mutating, pure = (definitions(source(name, file)) for file in (MUTATING, PURE))
    return tuple(Twin(shared, shared, shared) for shared in mutating if shared in pure)


@cache
def source(name: str, file: str) -> str:
    """The text of one of an exhibit's programs; empty where it has no such file."""
    path = FOLDER / name / file
    return path.read_text(encoding="utf-8") if path.exists() else ""


def excerpt(name: str, file: str, place: str) -> Excerpt | None:
    """The lines at a place of a program.

    Raises:
        LookupError: where the program has no such definition or line.
    """
    if not place:
        return None
    text = source(name, file)
    first, last = _lines_of(text, place, f"{name}/{file}")
    return Excerpt(file, first, tuple(dedented(text.splitlines()[first - 1 : last])))


def whole(name: str, file: str, place: str) -> Excerpt | None:
    """The function, method or assignment that a place lies in."""
    return excerpt(name, file, place.partition(":")[0])


@cache
def definitions(text: str) -> dict[str, tuple[int, int]]:
    """First and last line of every function, class, method and top-level assignment, by name."""
    found: dict[str, tuple[int, int]] = {}
    for node in ast.parse(text).body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            found[node.targets[0].id] = _extent(node)
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found[node.name] = _extent(node)
        if isinstance(node, ast.ClassDef):
            methods = [part for part in node.body if isinstance(part, ast.FunctionDef)]
            found |= {f"{node.name}.{method.name}": _extent(method) for method in methods}
    return found


def dedented(lines: list[str]) -> list[str]:
    """The lines without the indentation that all of them share."""
    shared = min((len(line) - len(line.lstrip()) for line in lines if line.strip()), default=0)
    return [line[shared:] for line in lines]


def _sides(twin: Twin) -> tuple[tuple[str, str], tuple[str, str]]:
    return (MUTATING, twin.mutating), (PURE, twin.pure)


def _lines_of(text: str, place: str, file: str) -> tuple[int, int]:
    name, _, fragments = place.partition(": ")
    known = definitions(text)
    if name not in known:
        raise LookupError(
            f"got the place {place!r}; wanted one of {', '.join(known)} in {file}; correct twins.py"
        )
    first, last = known[name]
    if not fragments:
        return first, last
    start, _, end = fragments.partition(" ... ")
    numbered = list(enumerate(text.splitlines()[first - 1 : last], first))
    starts = [number for number, line in numbered if start in line]
    ends = [number for number, line in numbered if (end or start) in line]
    if not starts or not ends:
        raise LookupError(
            f"got the place {place!r}; wanted a text that a line of {name} in {file} contains; "
            "correct twins.py"
        )
    return starts[0], ends[-1] if end else starts[0]


def _extent(node: ast.stmt) -> tuple[int, int]:
    decorated = getattr(node, "decorator_list", [])
    first = min([node.lineno, *(decorator.lineno for decorator in decorated)])
    return first, node.end_lineno or node.lineno
