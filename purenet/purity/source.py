"""Source code: whose it is, which names it mentions, and in which line something stands."""

import ast
import dis
import functools
import importlib.metadata
import json
import os
import re
import sys
import threading
import types
from collections.abc import Iterator, Sequence
from typing import Any

_STORES = ("STORE_GLOBAL", "STORE_NAME", "DELETE_GLOBAL")
_STORES_ATTRIBUTE = ("STORE_ATTR", "DELETE_ATTR")
_LOADS = ("LOAD_GLOBAL", "LOAD_NAME")
_SETS_UP = ("__init__", "__new__", "__post_init__", "setup")
_parsing = threading.Lock()
# names that some distributions install by mistake beside their own package
_ANYBODYS = ("tests", "examples", "docs", "benchmarks", "scripts", "tools")
# what these open, write or store on their way is none of a function's doing
_MACHINERY = (
    "jax", "jaxlib", "importlib", "linecache", "tokenize", "inspect", "traceback", "warnings",
    "logging",
)  # fmt: skip


def is_library(module: Any) -> bool:
    """Whether Python, purenet or an installed distribution provides a module, told by its name.

    Folders are not asked: packages lie in several, and so does the caller's own code. A
    distribution that is installed for editing and that no other one requires is the caller's own
    work.

    >>> is_library("jax.numpy"), is_library("__main__")
    (True, False)
    """
    top = module.split(".")[0] if isinstance(module, str) else ""
    return top in sys.stdlib_module_names or top in _provided(tuple(sys.path))


def is_library_function(function: types.FunctionType) -> bool:
    """Whether a library defines a function, whatever name it goes by."""
    module = function.__globals__.get("__name__")
    return is_library(module) and not _is_example(function.__code__)


def is_library_class(cls: type) -> bool:
    """Whether a library defines a class."""
    functions = [value for value in vars(cls).values() if isinstance(value, types.FunctionType)]
    is_example = any(_is_example(function.__code__) for function in functions)
    return is_library(cls.__module__) and not is_example


def is_opaque(thing: Any) -> bool:
    """Whether a thing is an object of an installed package: neither the caller's nor Python's."""
    is_python = type(thing).__module__.split(".")[0] in sys.stdlib_module_names
    return not is_python and is_library_class(type(thing))


def _is_example(code: types.CodeType) -> bool:
    """Whether code stands in a docstring's example: that goes by the module's name."""
    return code.co_filename.startswith("<doctest ")


def own_line(frame: types.FrameType | None) -> tuple[str, int] | None:
    """File and line of the innermost code of the caller's own; None inside JAX's machinery."""
    while frame is not None:
        module = frame.f_globals.get("__name__")
        if isinstance(module, str) and module.split(".")[0] in _MACHINERY:
            return None
        if not is_library(module):
            return frame.f_code.co_filename, frame.f_lineno
        frame = frame.f_back
    return None


def last_own_line(error: BaseException) -> str:
    """The innermost line of the caller's own through which an exception came; "" for none."""
    trace, found = error.__traceback__, ""
    while trace is not None:
        frame = trace.tb_frame
        if not is_library(frame.f_globals.get("__name__")):
            found = place(frame.f_code.co_filename, trace.tb_lineno)
        trace = trace.tb_next
    return found


def parsed(text: str) -> ast.Module:
    """The syntax tree of a text.

    Raises:
        SyntaxError, ValueError: where it is no code of Python.
    """
    while True:
        try:
            with _parsing:
                return ast.parse(text)
        except SystemError:  # in Python 3.11 two threads that parse are in each other's way
            continue


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


@functools.lru_cache(maxsize=4096)
def imported(code: types.CodeType) -> frozenset[str]:
    """The modules that a code object, or one nested in it, imports when it runs."""
    instructions = (i for inner in nested_code(code) for i in dis.get_instructions(inner))
    return frozenset(i.argval for i in instructions if i.opname == "IMPORT_NAME")


@functools.lru_cache(maxsize=4096)
def attribute_names(code: types.CodeType) -> frozenset[str]:
    """The names that a code object, or one nested in it, may use as attributes."""
    return frozenset(name for inner in nested_code(code) for name in inner.co_names)


@functools.lru_cache(maxsize=4096)
def stored_attributes(code: types.CodeType) -> frozenset[str]:
    """The attributes that a code object, or one nested in it, may set or delete."""
    found: set[str] = set()
    for inner in nested_code(code):
        stores = (i for i in dis.get_instructions(inner) if i.opname in _STORES_ATTRIBUTE)
        found.update(instruction.argval for instruction in stores)
        if not {"setattr", "delattr"}.isdisjoint(inner.co_names):
            found.update(constant for constant in inner.co_consts if isinstance(constant, str))
    return frozenset(found)


def nested_code(code: types.CodeType) -> Iterator[types.CodeType]:
    """A code object and those of the functions defined in it."""
    yield code
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from nested_code(constant)


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
    """A file and a line as reports show them: ``net.py:12``."""
    return f"{os.path.basename(file)}:{line or 0}"


def where_defined(function: Any) -> str:
    """The file and line at which a function begins; "" where there is no code."""
    code = code_of(function)
    return place(code.co_filename, code.co_firstlineno) if code is not None else ""


def where_named(functions: Sequence[types.FunctionType], name: str, *, stored: bool) -> str:
    """The first line, in the code of functions, that stores to (or reads) what a name ends in.

    Where a class sets its attributes up is the last place to look.
    """
    *holders, last = re.sub(r"(\[[^\]]*\]|\(\))+$", "", name).split(".")
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


def _line(code: types.CodeType, instruction: dis.Instruction) -> int:
    lines = [line for start, end, line in code.co_lines() if start <= instruction.offset < end]
    return next(filter(None, lines), code.co_firstlineno)


@functools.lru_cache(maxsize=4)
def _provided(path: tuple[str, ...]) -> frozenset[str]:
    """The modules, by the first part of their names, that the distributions on a path provide."""
    names, edited, required = {"purenet"}, {}, set()
    for distribution in importlib.metadata.distributions(path=list(path)):
        # the headers alone: to parse all metadata takes ten times as long
        metadata = distribution.read_text("METADATA") or distribution.read_text("PKG-INFO") or ""
        headers = metadata.partition("\n\n")[0]
        name = _module_name("".join(re.findall(r"^Name: (.*)", headers, re.MULTILINE)[:1]))
        required.update(map(_module_name, re.findall(r"^Requires-Dist: (.*)", headers, re.M)))
        if _is_edited(distribution):
            edited[name] = _top_names(distribution)
        else:
            names.update(_top_names(distribution), [name])
    for name, modules in edited.items():
        if name in required:
            names.update(modules, [name])
    return frozenset(names.difference(_ANYBODYS))


def _top_names(distribution: importlib.metadata.Distribution) -> set[str]:
    if declared := distribution.read_text("top_level.txt"):
        return set(declared.split())
    lines = (distribution.read_text("RECORD") or "").splitlines()
    first = {line.partition("/")[0] for line in lines}
    return {name for name in (part.partition(".")[0] for part in first) if name.isidentifier()}


def _is_edited(distribution: importlib.metadata.Distribution) -> bool:
    origin = json.loads(distribution.read_text("direct_url.json") or "{}")
    return bool(origin.get("dir_info", {}).get("editable"))


def _module_name(requirement: str) -> str:
    """The name at the beginning of a requirement, spelled as modules are."""
    return re.sub(r"[-.]+", "_", "".join(re.findall(r"^[\w.-]+", requirement))).lower()
