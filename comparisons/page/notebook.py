"""The story as a notebook: ``python -m comparisons.page.notebook`` writes puzzle.ipynb."""

import ast
import contextlib
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from comparisons import programs
from comparisons.page import words
from purenet.files import write_whole

FILE = Path(__file__).parent.parent / "puzzle.ipynb"


def sources() -> Iterator[tuple[str, str]]:
    """Every cell: "markdown" or "code", and its text."""
    yield "markdown", f"# {words.TITLE}\n\n{words.LEAD}"
    yield "markdown", f"## The puzzle\n\n{words.PUZZLE}"
    yield (
        "code",
        "import numpy as np\n\n"
        "from comparisons import puzzle\n"
        "from comparisons.exhibits.simple_net.mutating import SimpleNet, numerical_gradient\n\n"
        "W, x, t = puzzle.W, puzzle.X, puzzle.T\n\n"
        + _lines(programs.MUTATING, "puzzle: net ... return"),
    )
    yield "markdown", words.LOOK
    yield "code", "f(W) == f(None)"
    yield "markdown", words.COPY
    yield "code", "numerical_gradient(f, net.W.copy())"
    yield "markdown", f"## Where W goes\n\n{words.WHERE}"
    loop = _lines(programs.MUTATING, "numerical_gradient: x[idx] = tmp_val + h ... fxh2")
    yield "markdown", f"These lines of its loop run for each element:\n\n```python\n{loop}\n```"
    yield "code", "trace = []\nnumerical_gradient(f, net.W, trace)\nnp.array(trace)"
    yield "markdown", f"## What moves the loss?\n\n{words.MOVES}"
    yield "code", "puzzle.answered().ablation"
    yield "markdown", f"## One line changes\n\n{words.LINE}"
    yield (
        "code",
        "import jax\n\nfrom comparisons.exhibits.simple_net.pure import loss\n\n"
        + _lines(programs.PURE, "puzzle: params ... f = ")
        + '\njax.grad(f)(params)["W"]',
    )
    yield "code", 'from purenet import fd\n\nfd.grad(f)(params)["W"]'
    yield "markdown", f"## Your own gradient\n\n{words.FURTHER}"
    yield "code", "import purenet\n\npurenet.check_grads(f, params)"
    yield "code", "purenet.audit(lambda W: net.loss(x, t), net.W)"
    yield "markdown", "What the lambda captured can be lifted into an argument:"
    yield "code", "purenet.pure_version(lambda W: net.loss(x, t), net.W)"
    yield "markdown", "## An exhibit\n\nEvery claim about the two programs is measured."
    yield (
        "code",
        "from comparisons import exhibits\nfrom comparisons.settings import Settings\n\n"
        'exhibits.run("addition_net", Settings())',
    )


def document() -> dict[str, Any]:
    """The notebook, its cells executed here, one after the other in one namespace."""
    namespace: dict[str, Any] = {}
    cells = []
    for index, (kind, text) in enumerate(sources()):
        cell = {"cell_type": kind, "id": f"cell-{index}", "metadata": {}}
        cell["source"] = text.splitlines(keepends=True)
        if kind == "code":
            cell |= {"execution_count": None, "outputs": executed(text, namespace)}
        cells.append(cell)
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    return {
        "cells": cells,
        "metadata": {"kernelspec": kernel, "language_info": {"name": "python"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }


def executed(text: str, namespace: dict[str, Any]) -> list[dict[str, Any]]:
    """Run a cell, and return what it prints and the value of its last expression, if any."""
    tree = ast.parse(text)
    last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(tree, "<cell>", "exec"), namespace)
        value = None
        if isinstance(last, ast.Expr):
            value = eval(compile(ast.Expression(last.value), "<cell>", "eval"), namespace)
    outputs: list[dict[str, Any]] = []
    if printed.getvalue():
        outputs.append({"output_type": "stream", "name": "stdout", "text": printed.getvalue()})
    if value is not None:
        outputs.append(
            {"output_type": "execute_result", "execution_count": None, "metadata": {}}
            | {"data": _shown(value)}
        )
    return outputs


def _shown(value: Any) -> dict[str, str]:
    if hasattr(value, "_repr_html_"):
        return {"text/html": value._repr_html_(), "text/plain": type(value).__name__}
    return {"text/plain": repr(value)}


def _lines(file: str, place: str) -> str:
    program = programs.excerpt("simple_net", file, place)
    assert program is not None
    return "\n".join(line.removeprefix("return ") for line in program.lines)


if __name__ == "__main__":
    write_whole(FILE, json.dumps(document(), indent=1, ensure_ascii=False) + "\n")
