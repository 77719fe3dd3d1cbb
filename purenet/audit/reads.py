"""What a function reads in place of an argument that it ignores, found by experiment on copies."""

import copy
import types
from collections.abc import Callable, Sequence
from typing import Any

import jax
import numpy as np

from purenet.audit.captures import Captured, captured_arrays, read_names

_MOST = 32  # captured arrays that are tried


def read_instead(function: Callable, args: Sequence[Any], shape: tuple[int, ...]) -> list[str]:
    """The names of captured arrays that decide a function's value, those of a shape first.

    Each captured array in turn is changed in a copy of all that the function captures, and the
    function of the copy is called: where the value changes, the array was read. Nothing of the
    caller's is written to. Where the shape is that of an array read, only such are returned.
    """
    found = []
    for captured in captured_arrays(function)[:_MOST]:
        if not np.issubdtype(np.asarray(captured.array).dtype, np.inexact):
            continue
        if _decides(captured, function, args):
            found.append(captured)
    alike = [captured.name for captured in found if np.shape(captured.array) == shape]
    return alike or [captured.name for captured in found]


def _decides(captured: Captured, function: Callable, args: Sequence[Any]) -> bool:
    array = captured.array
    changed = array * 1.25 + 0.125
    try:
        before = _value(_with_copies(function, {id(array): array + 0}), args)
        after = _value(_with_copies(function, {id(array): changed}), args)
    except Exception:  # what cannot be copied or called so is not accused
        return False
    return not all(np.array_equal(x, y, equal_nan=True) for x, y in zip(before, after, strict=True))


def _value(function: Callable, args: Sequence[Any]) -> list[np.ndarray]:
    return [np.asarray(out) for out in jax.tree.leaves(function(*args))]


def _with_copies(function: Any, replaced: dict[int, Any]) -> Any:
    """A copy of a function that reads copies of what it captured, some arrays replaced."""
    memo: dict[int, Any] = dict(replaced)
    if isinstance(function, types.MethodType):
        owner = copy.deepcopy(function.__self__, memo)
        return types.MethodType(_function_copy(function.__func__, memo), owner)
    if isinstance(function, types.FunctionType):
        return _function_copy(function, memo)
    if hasattr(function, "__wrapped__"):  # what jit has frozen is not asked: its source is
        return _with_copies(function.__wrapped__, replaced)
    return copy.deepcopy(function, memo)


def _function_copy(function: types.FunctionType, memo: dict[int, Any]) -> types.FunctionType:
    def copied(value: Any) -> Any:
        if isinstance(value, types.ModuleType):
            return value
        if isinstance(value, types.FunctionType):
            if id(value) not in memo:
                memo[id(value)] = value  # a function that names itself
                memo[id(value)] = _function_copy(value, memo)
            return memo[id(value)]
        return copy.deepcopy(value, memo)

    names = {name: copied(value) for name, value in read_names(function).items()}
    code = function.__code__
    closure = tuple(
        types.CellType(names[name]) if name in names else types.CellType()
        for name in code.co_freevars
    )
    positional = code.co_varnames[: code.co_argcount]
    with_default = positional[code.co_argcount - len(function.__defaults__ or ()) :]
    made = types.FunctionType(
        code,
        {**function.__globals__, **names},
        function.__name__,
        tuple(names[name] for name in with_default) or None,
        closure or None,
    )
    made.__kwdefaults__ = {name: names[name] for name in function.__kwdefaults__ or {}} or None
    return made
