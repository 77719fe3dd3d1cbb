"""The puzzle on the page: the three lines, where W goes, the loop step by step, the answer."""

from collections.abc import Iterator
from html import escape

import numpy as np

from comparisons import programs
from comparisons.page import words
from comparisons.page.code import highlighted
from comparisons.puzzle import STEP, Answered, Asked, W

_LOOP = "numerical_gradient: x[idx] = tmp_val + h ... x[idx] = tmp_val"


def story(asked: Asked, answered: Answered) -> str:
    """The whole story, a section a thought."""
    return "".join(
        (
            _section("puzzle", "The puzzle", _puzzle(asked)),
            _section("where", "Where W goes", _where()),
            _section("steps", "One loop, step by step", _steps(asked)),
            _section("moves", "What moves the loss?", _moves(answered)),
            _section("line", "One line changes", _line(answered)),
        )
    )


def _section(name: str, title: str, body: str) -> str:
    return f'<section id="{name}"><h2>{escape(title)}</h2>{body}</section>'


def _puzzle(asked: Asked) -> str:
    lines = _program(programs.MUTATING, "puzzle: net ... return")
    return (
        f"{words.html(words.PUZZLE)}{_pre(lines)}{_result('the gradient', _matrix(asked.gradient))}"
        f"{words.html(words.LOOK)}{_pre(['f(W) == f(None)'])}"
        f"{_result(f'{asked.value == asked.value_of_none}: both are', f' {asked.value:.12f}')}"
        f"{words.html(words.COPY)}{_pre(['numerical_gradient(f, net.W.copy())'])}"
        f"{_result('the gradient', _matrix(asked.gradient_of_copy))}"
    )


def _where() -> str:
    drawings = _drawing(copied=False) + _drawing(copied=True)
    return f'{words.html(words.WHERE)}<div class="drawings">{drawings}</div>'


def _drawing(*, copied: bool) -> str:
    """Who writes into which array, and who reads it."""
    caption = (
        "numerical_gradient writes into the copy; net.loss reads net.W; the value never changes"
        if copied
        else "numerical_gradient writes into net.W; net.loss reads net.W; the value changes"
    )
    end, tip = (150, "tip-copy") if copied else (60, "tip")
    shapes = (
        *_box(4, 80, 114, "numerical_", "gradient"),
        *_box(180, 40, 110, "net.W"),
        *(_box(180, 130, 110, "the copy") if copied else ()),
        *_box(340, 40, 110, "net.loss"),
        f'<path d="M118 105 C150 105 150 {end} 178 {end}" class="write" marker-end="url(#{tip})"/>',
        f'<path d="M290 60 L338 60" class="read" marker-end="url(#{tip})"/>',
        f'<text x="118" y="{150 if copied else 70}" class="small">writes</text>',
        '<text x="314" y="50" class="small">reads</text>',
        f'<text x="395" y="105">{"unchanged" if copied else "changes"}</text>',
    )
    arrow = (
        f'<defs><marker id="{tip}" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" '
        'markerHeight="7" orient="auto"><path d="M0 0 L8 4 L0 8 z" class="tip"/></marker></defs>'
    )
    place = "At a copy" if copied else "At net.W itself"
    return (
        f'<figure><svg viewBox="0 0 460 180" role="img" aria-label="{caption}">{arrow}'
        f"{''.join(shapes)}</svg><figcaption>{place}: {caption}.</figcaption></figure>"
    )


def _box(x: int, y: int, width: int, *lines: str) -> tuple[str, ...]:
    """A box with a word or two in it."""
    height = 50 if len(lines) > 1 else 40
    top = y + height // 2 + 5 - 8 * (len(lines) - 1)
    labels = (
        f'<text x="{x + width // 2}" y="{top + 16 * index}">{line}</text>'
        for index, line in enumerate(lines)
    )
    return (f'<rect x="{x}" y="{y}" width="{width}" height="{height}" rx="6"/>', *labels)


def _steps(asked: Asked) -> str:
    items = "".join(f"<li>{step}</li>" for step in _each_step(asked))
    return (
        f'{words.html(words.STEPS)}<div id="stepper" class="stepper"><ol class="steps">'
        f"{items}</ol></div>"
    )


def _each_step(asked: Asked) -> Iterator[str]:
    """For each coordinate: up, f, down, f, back and the difference."""
    up, call, down, _, difference, *_, back = _loop_lines()
    for index, (above, below) in zip(np.ndindex(W.shape), asked.trace, strict=True):
        slope = (above - below) / (2 * STEP)
        where = f"<b>W[{index[0]}, {index[1]}]</b>"
        yield _step(where, [up, call], W, index, STEP, f"f gives {above:.12f}")
        yield _step(where, [down, call], W, index, -STEP, f"f gives {below:.12f}")
        yield _step(where, [back, difference], W, index, 0.0, f"the difference is {slope:.8f}")


def _step(
    where: str, lines: list[str], at: np.ndarray, index: tuple[int, ...], moved: float, result: str
) -> str:
    array = at.copy()
    array[index] += moved
    cells = "".join(
        "<tr>"
        + "".join(
            f"<td><mark>{array[row, column]:.8f}</mark></td>"
            if (row, column) == index and moved
            else f"<td>{array[row, column]:.8f}</td>"
            for column in range(array.shape[1])
        )
        + "</tr>"
        for row in range(array.shape[0])
    )
    return (
        f"<p>{where}</p>{_pre(lines)}"
        '<div class="scroll" tabindex="0"><table class="matrix"><caption>net.W</caption>'
        f"<tbody>{cells}</tbody></table></div><p>{escape(result)}</p>"
    )


def _loop_lines() -> list[str]:
    loop = programs.excerpt("simple_net", programs.MUTATING, _LOOP)
    assert loop is not None
    return [line.strip() for line in loop.lines]


def _moves(answered: Answered) -> str:
    return words.html(words.MOVES) + answered.ablation.html()


def _line(answered: Answered) -> str:
    before, after = (_program(file, "puzzle: f = ") for file in (programs.MUTATING, programs.PURE))
    return (
        f"{words.html(words.LINE)}"
        f'<pre class="diff" tabindex="0"><code><del>- {highlighted(before[0])[0]}</del>'
        f"<ins>+ {highlighted(after[0])[0]}</ins></code></pre>"
        f"{_result('jax.grad(f)(params)', _matrix(answered.by_jax))}"
        f"{_result('fd.grad(f)(params)', _matrix(answered.by_differences))}"
    )


def _program(file: str, place: str) -> list[str]:
    program = programs.excerpt("simple_net", file, place)
    assert program is not None
    return [line.removeprefix("return ") for line in program.lines]


def _pre(lines: list[str]) -> str:
    code = "\n".join(highlighted(line)[0] for line in lines)
    return f'<pre class="lines" tabindex="0"><code>{code}</code></pre>'


def _result(label: str, text: str) -> str:
    return (
        f'<div class="result"><p>{escape(label)}</p>'
        f'<pre tabindex="0"><samp>{escape(text)}</samp></pre></div>'
    )


def _matrix(array: np.ndarray) -> str:
    return "\n".join("  ".join(f"{item: .8f}" for item in line) for line in array)
