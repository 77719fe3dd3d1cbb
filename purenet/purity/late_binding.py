"""Findings about late binding: functions made in a loop that share the loop's variable."""

import ast
import gc
import linecache
import types
from collections.abc import Callable, Iterator

from purenet.purity.findings import Fact
from purenet.purity.object_graph import own_functions
from purenet.purity.source import parsed, place
from purenet.purity.substitution import COPIED_FUNCTIONS

_LOOPS = (ast.For, ast.AsyncFor, ast.While, ast.ListComp, ast.SetComp, ast.DictComp,
          ast.GeneratorExp)  # fmt: skip
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)


def late_bindings(function: Callable) -> Iterator[Fact]:
    """Variables of a loop that several living functions of one lambda or def share.

    One function alone, made and used within its own turn of the loop, is no finding: what it reads
    is what its author saw.
    """
    in_loops = [
        (one, names) for one in own_functions(function) if (names := _loop_variables(one.__code__))
    ]
    if not in_loops:
        return
    said: set[tuple[str, str]] = set()
    living = _living({one.__code__ for one, _ in in_loops})
    for one, names in in_loops:
        siblings = [other for other in living if _is_sibling(one, other)]
        at = place(one.__code__.co_filename, one.__code__.co_firstlineno)
        for name in names:
            sharing = [other for other in siblings if _share(one, other, name)]
            if sharing and (at, name) not in said:
                said.add((at, name))
                yield _fact(one, name, at, len(sharing) + 1)


def _fact(function: types.FunctionType, name: str, at: str, count: int) -> Fact:
    evidence = {"functions that share it": count, f"{name} for all of them": _value(function, name)}
    return Fact("late-binding", name, at, words={"count": str(count), "at": at}, evidence=evidence)


def _living(codes: set[types.CodeType]) -> list[types.FunctionType]:
    """All living functions of some code, by a slow walk through everything that is alive."""
    living = [f for f in gc.get_referrers(*codes) if isinstance(f, types.FunctionType)]
    return [function for function in living if function not in COPIED_FUNCTIONS]


def _is_sibling(one: types.FunctionType, other: types.FunctionType) -> bool:
    return other is not one and other.__code__ is one.__code__


def _share(one: types.FunctionType, other: types.FunctionType, name: str) -> bool:
    """Whether two functions read a name from one cell, or from one module."""
    free = one.__code__.co_freevars
    if name in free:
        cells, others = one.__closure__ or (), other.__closure__ or ()
        return len(cells) == len(others) and cells[free.index(name)] is others[free.index(name)]
    return one.__globals__ is other.__globals__


def _value(function: types.FunctionType, name: str) -> str:
    free = function.__code__.co_freevars
    try:
        if name in free:
            return repr((function.__closure__ or ())[free.index(name)].cell_contents)
        return repr(function.__globals__[name])
    except (KeyError, ValueError):
        return "not there yet"


def _loop_variables(code: types.CodeType) -> list[str]:
    """The names a function reads that a loop around it, in the same scope, assigns."""
    source = "".join(linecache.getlines(code.co_filename))
    try:
        tree = parsed(source)
    except (SyntaxError, ValueError):
        return []
    read = {*code.co_freevars, *code.co_names}
    found: dict[str, None] = {}
    for loops in _loops_around(tree, code, []):
        for loop in loops:
            found |= dict.fromkeys(sorted(_assigned(loop) & read))
    return list(found)


def _loops_around(node: ast.AST, code: types.CodeType, loops: list) -> Iterator[list]:
    """The loops around each function that begins in a code object's first line."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, _FUNCTIONS):
            if _first_line(child) == code.co_firstlineno and _is_named(child, code):
                yield loops
            yield from _loops_around(child, code, [])
        elif isinstance(child, ast.ClassDef):
            yield from _loops_around(child, code, [])
        elif isinstance(child, _LOOPS):
            yield from _loops_around(child, code, [*loops, child])
        else:
            yield from _loops_around(child, code, loops)


def _first_line(node) -> int:
    decorators = getattr(node, "decorator_list", [])
    return min([node.lineno, *(decorator.lineno for decorator in decorators)])


def _is_named(node, code: types.CodeType) -> bool:
    return getattr(node, "name", "<lambda>") == code.co_name


def _assigned(loop: ast.AST) -> set[str]:
    """The names that a loop assigns at each turn: its target's, and those stored in its body."""
    names: set[str] = set()

    def visit(node: ast.AST) -> None:
        if isinstance(node, (*_FUNCTIONS, ast.ClassDef)):
            return  # a scope of its own
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
        for child in ast.iter_child_nodes(node):
            visit(child)

    for child in ast.iter_child_nodes(loop):
        visit(child)
    return names
