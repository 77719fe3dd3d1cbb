"""What the code of a function mentions, who wrote it, and in which line something stands."""

import dis
import functools
import os
import re
import sys
import sysconfig
import types
from collections.abc import Iterator
from typing import Any

from purenet.purity.attributes import declared

_STORES = ("STORE_GLOBAL", "STORE_NAME", "DELETE_GLOBAL")
_SETS_UP = ("__init__", "__new__", "__post_init__", "setup")
_LOADS = ("LOAD_GLOBAL", "LOAD_NAME")
_LIBRARIES = tuple(
    {os.path.realpath(sysconfig.get_path(name)) for name in ("stdlib", "purelib", "platlib")}
    | {os.path.dirname(os.path.dirname(os.path.realpath(__file__)))}
)
_UNCHANGING = ("jax", "jaxlib", "numpy", "builtins", "functools", "operator", "math")


def read_names(function: types.FunctionType) -> dict[str, Any]:
    """What a function's own names stand for: closure cells, globals it mentions, defaults.

    Of a library's function the globals are left out: they are nothing of the caller's.
    """
    code, globals_ = function.__code__, function.__globals__
    names = {}
    if not is_library_file(code.co_filename):
        names = {name: globals_[name] for name in mentioned(code) if name in globals_}
    for name, cell in zip(code.co_freevars, function.__closure__ or (), strict=True):
        try:
            names[name] = cell.cell_contents
        except ValueError:  # a cell that is not filled yet
            continue
    defaults = function.__defaults__ or ()
    positional = code.co_varnames[: code.co_argcount]
    names |= zip(positional[len(positional) - len(defaults) :], defaults, strict=True)
    return names | (function.__kwdefaults__ or {})


@functools.lru_cache(maxsize=4096)
def mentioned(code: types.CodeType) -> tuple[str, ...]:
    """The global names that a code object, or one nested in it, loads or stores."""
    names = (
        instruction.argval
        for inner in nested_code(code)
        for instruction in dis.get_instructions(inner)
        if instruction.opname in (*_LOADS, *_STORES)
    )
    return tuple(dict.fromkeys(names))


def imported(code: types.CodeType) -> set[str]:
    """The modules that a code object imports when it runs."""
    return {i.argval for i in dis.get_instructions(code) if i.opname == "IMPORT_NAME"}


def attribute_names(code: types.CodeType) -> set[str]:
    """The names that a code object, or one nested in it, may use as attributes."""
    return {name for inner in nested_code(code) for name in inner.co_names}


def nested_code(code: types.CodeType) -> Iterator[types.CodeType]:
    """A code object and those of the functions defined in it."""
    yield code
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from nested_code(constant)


@functools.lru_cache(maxsize=4096)
def is_library_file(file: str) -> bool:
    """Whether a file belongs to Python, to an installed package or to purenet."""
    if file.startswith("<frozen"):
        return True
    return os.path.realpath(file).startswith(_LIBRARIES)


def is_library_class(cls: type) -> bool:
    """Whether a class was defined by Python, an installed package or purenet."""
    functions = [value for value in vars(cls).values() if isinstance(value, types.FunctionType)]
    files = [function.__code__.co_filename for function in functions]
    written = [file for file in files if file != "<string>"]  # where dataclasses write theirs
    if written:
        return is_library_file(written[0])
    module = sys.modules.get(cls.__module__)
    file = getattr(module, "__file__", None)
    if file is None:
        return cls.__module__ in sys.builtin_module_names or cls.__module__ == "builtins"
    return is_library_file(file)


def is_unchanging(thing: Any) -> bool:
    """Whether JAX, NumPy or Python define a thing that holds nothing of the caller's."""
    if isinstance(thing, types.MethodType | functools.partial):
        return False
    if declared(thing, "__wrapped__") is not None:
        return False
    if isinstance(thing, types.FunctionType) and thing.__closure__:
        return False
    module = declared(thing, "__module__")
    return isinstance(module, str) and module.split(".")[0] in _UNCHANGING


def where_defined(function: Any) -> str:
    """The file and line at which a function begins: ``net.py:12``; "" where there is no code."""
    code = code_of(function)
    return place(code.co_filename, code.co_firstlineno) if code is not None else ""


def code_of(function: Any) -> types.CodeType | None:
    """The code behind a function, a method, a partial, or what wraps one."""
    for _ in range(20):
        if isinstance(function, functools.partial):
            function = function.func
        elif isinstance(function, types.MethodType):
            function = function.__func__
        elif hasattr(function, "__code__"):
            return function.__code__
        elif hasattr(function, "__wrapped__"):
            function = function.__wrapped__
        else:
            function = vars(type(function)).get("__call__")
    return None


def place(file: str, line: int | None) -> str:
    """A file and a line as reports show them."""
    return f"{os.path.basename(file)}:{line or 0}"


def where_named(functions: list[types.FunctionType], name: str, *, stored: bool) -> str:
    """The first line, in the code of functions, that stores to (or reads) what a name ends in.

    Where a class sets its attributes up is the last place to look.
    """
    *holders, last = re.sub(r"(\[[^\]]*\])+$", "", name).split(".")
    kinds = ("ATTR", "METHOD") if holders else ("FAST", "DEREF", "GLOBAL", "NAME")
    stored = stored and not name.endswith("]")  # who stores an item reads what holds it
    for way in ("STORE", "DELETE") if stored else ("LOAD", "STORE", "DELETE"):
        wanted = [f"{way}_{kind}" for kind in kinds]
        for function in sorted(functions, key=lambda function: function.__name__ in _SETS_UP):
            for code in nested_code(function.__code__):
                for instruction in dis.get_instructions(code):
                    if instruction.opname in wanted and instruction.argval == last:
                        return place(code.co_filename, _line(code, instruction))
    if stored:
        return where_named(functions, name, stored=False)
    return where_defined(functions[0]) if functions else ""


def called_first(functions: list[types.FunctionType], start: Any) -> list[types.FunctionType]:
    """The functions that a start's code leads to by name, the nearest first; then all others."""
    ordered: list[types.FunctionType] = []
    code = code_of(start)
    names = attribute_names(code) if code is not None else set()
    while new := [f for f in functions if f not in ordered and _is_named(f, code, names)]:
        ordered += new
        names = set().union(*(attribute_names(f.__code__) for f in new))
    return [*ordered, *(function for function in functions if function not in ordered)]


def _is_named(function: types.FunctionType, code: types.CodeType | None, names: set[str]) -> bool:
    """Whether a function is the start, or is called by one of the names, or by a sign."""
    name, owner = function.__name__, function.__qualname__.split(".")[-2:][0]
    if name in ("__init__", "__new__", "__post_init__"):
        return owner in names
    is_sign = name.startswith("__") and name.endswith("__")
    return function.__code__ is code or is_sign or name in names


def _line(code: types.CodeType, instruction: dis.Instruction) -> int:
    lines = [line for start, end, line in code.co_lines() if start <= instruction.offset < end]
    return next(filter(None, lines), code.co_firstlineno)
