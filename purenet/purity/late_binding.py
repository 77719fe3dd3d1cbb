"""Findings about late binding: functions made in a loop that share the loop's variable."""

import ast
import functools
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
_SCOPES = (*_FUNCTIONS, ast.ClassDef)


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
        siblings = [f for f in living if f is not one and f.__code__ is one.__code__]
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
    parents = _parents("".join(linecache.getlines(code.co_filename)))
    read = {*code.co_freevars, *code.co_names}
    found: dict[str, None] = {}
    for node in parents:
        if isinstance(node, _FUNCTIONS) and _is_of(node, code):
            around = parents[node]
            while around in parents and not isinstance(around, _SCOPES):
                if isinstance(around, _LOOPS):
                    found |= dict.fromkeys(sorted(_assigned(around) & read))
                around = parents[around]
    return list(found)


@functools.lru_cache(maxsize=8)
def _parents(source: str) -> dict[ast.AST, ast.AST]:
    """For each node of the syntax tree of a text, the one around it; none where it is no code."""
    try:
        tree = parsed(source)
    except (SyntaxError, ValueError):
        return {}
    return {child: node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}


def _is_of(node: ast.AST, code: types.CodeType) -> bool:
    """Whether a function in a syntax tree is that of a code object."""
    first = min(each.lineno for each in [node, *getattr(node, "decorator_list", [])])
    return first == code.co_firstlineno and getattr(node, "name", "<lambda>") == code.co_name


def _assigned(node: ast.AST) -> set[str]:
    """The names that a loop assigns at each turn: its target's, and those stored in its body."""
    names = {node.id} if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) else set()
    inside = [child for child in ast.iter_child_nodes(node) if not isinstance(child, _SCOPES)]
    return names.union(*map(_assigned, inside))
