"""Two columns of code, read from the files that are run, with the lines that matter linked."""

import io
import keyword
import tokenize
from collections.abc import Sequence
from html import escape
from itertools import groupby
from typing import NamedTuple

from comparisons import programs
from comparisons.programs import MUTATING, PURE, Excerpt

_OTHER = {MUTATING: PURE, PURE: MUTATING}
_TITLES = {MUTATING: "The mutating program", PURE: "The pure program"}


class Line(NamedTuple):
    """A line of a column: its number, its HTML, and the twins it belongs to (from 1)."""

    number: int
    code: str
    twins: tuple[int, ...]


def columns(name: str) -> str:
    """The two programs of an exhibit: what the numbered marks mean, then both columns."""
    pairs = programs.pairs(name)
    marks = "".join(f"<li>{escape(pair.why)}</li>" for pair in pairs)
    body = "".join(_column(name, file) for file in (MUTATING, PURE))
    return (
        f'<div class="columns">{body}</div>'
        f'<details class="marks" open><summary>What the marked lines do</summary><ol>{marks}</ol>'
        "</details>"
    )


def highlighted(text: str) -> list[str]:
    """Each line of a program as HTML: keywords, strings and comments in their classes.

    >>> highlighted("return x  # y")
    ['<span class="k">return</span> x  <span class="c"># y</span>']
    """
    marks: dict[int, list[tuple[int, int, str]]] = {}
    lines = text.splitlines()
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        css = _class(token)
        if not css:
            continue
        (first, start), (last, end) = token.start, token.end
        for number in range(first, last + 1):
            begin = start if number == first else 0
            stop = end if number == last else len(lines[number - 1])
            marks.setdefault(number, []).append((begin, stop, css))
    return [_marked(line, marks.get(number, [])) for number, line in enumerate(lines, 1)]


def _column(name: str, file: str) -> str:
    """The definitions that hold marked lines, in the order of the marks."""
    text = programs.source(name, file)
    coloured = highlighted(text)
    marked = _marks(name, file)
    blocks = []
    for block in _definitions(name, file):
        indent = len(text.splitlines()[block.first - 1]) - len(block.lines[0])
        blocks.append(
            [
                Line(number, coloured[number - 1][indent:], marked.get(number, ()))
                for number in range(block.first, block.first + len(block.lines))
            ]
        )
    code = '<span class="gap" aria-hidden="true">⋮</span>'.join(
        _block(name, file, lines) for lines in blocks
    )
    whole = "".join(
        f'<span class="line"><span class="n">{number}</span>{line}\n</span>'
        for number, line in enumerate(coloured, 1)
    )
    label = f"{_TITLES[file]}: {name}/{file}"
    side = file.removesuffix(".py")
    return (
        f'<figure class="code {side}"><figcaption>{_TITLES[file]} <code>{name}/{file}</code>'
        f'</figcaption><pre tabindex="0" role="region" aria-label="{label}"><code>{code}</code>'
        f"</pre><details><summary>The whole file</summary>"
        f'<pre tabindex="0" role="region" aria-label="{label}, whole"><code>{whole}</code></pre>'
        "</details></figure>"
    )


def _block(name: str, file: str, lines: Sequence[Line]) -> str:
    """Consecutive lines; those of one mark are one link to the lines that correspond."""
    parts = []
    for twins, group in groupby(lines, key=lambda line: line.twins):
        together = list(group)
        body = "".join(
            f'<span class="line"><span class="n">{line.number}</span>{line.code}\n</span>'
            for line in together
        )
        parts.append(_link(name, file, together[0].number, twins, body) if twins else body)
    return "".join(parts)


def _link(name: str, file: str, number: int, twins: tuple[int, ...], body: str) -> str:
    """Marked lines from a number on: a link, where the other program has lines that correspond."""
    side, other = (part.removesuffix(".py") for part in (file, _OTHER[file]))
    mark = f'<span class="mark" aria-hidden="true">{",".join(map(str, twins))}</span>'
    named = f'class="twin" id="{name}-{side}-{number}" data-twins="{" ".join(map(str, twins))}"'
    pairs = (programs.pairs(name)[twin - 1] for twin in twins)
    answers = (pair.pure if file == MUTATING else pair.mutating for pair in pairs)
    answer = next((part for part in answers if part is not None), None)
    if answer is None:
        return f"<span {named}>{mark}{body}</span>"
    return f'<a {named} href="#{name}-{other}-{answer.first}">{mark}{body}</a>'


def _marks(name: str, file: str) -> dict[int, tuple[int, ...]]:
    """The twins that each line of a program belongs to."""
    marks: dict[int, tuple[int, ...]] = {}
    for index, pair in enumerate(programs.pairs(name), 1):
        part = pair.mutating if file == MUTATING else pair.pure
        if part is not None:
            for number in range(part.first, part.first + len(part.lines)):
                marks[number] = (*marks.get(number, ()), index)
    return marks


def _definitions(name: str, file: str) -> list[Excerpt]:
    places = [twin.mutating if file == MUTATING else twin.pure for twin in programs.twins(name)]
    found = (programs.whole(name, file, place) for place in places)
    return list(dict.fromkeys(part for part in found if part is not None))


def _class(token: tokenize.TokenInfo) -> str:
    if token.type == tokenize.COMMENT:
        return "c"
    if token.type == tokenize.STRING:
        return "s"
    is_word = token.type == tokenize.NAME and keyword.iskeyword(token.string)
    return "k" if is_word else ""


def _marked(line: str, marks: Sequence[tuple[int, int, str]]) -> str:
    parts, at = [], 0
    for start, end, css in marks:
        parts += [escape(line[at:start], quote=False)]
        parts += [f'<span class="{css}">{escape(line[start:end], quote=False)}</span>']
        at = end
    return "".join([*parts, escape(line[at:], quote=False)])
