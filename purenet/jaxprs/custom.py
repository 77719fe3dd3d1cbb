"""Custom derivative rules: where a program calls them, at which inputs, and who wrote them."""

import functools
import types
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import jax
import numpy as np

from purenet.jaxprs.primitives import facts
from purenet.jaxprs.program import Program, scan_counts
from purenet.jaxprs.replay import NATIVE, Replay, bind

_MACHINERY = ("custom_derivatives.py", "linear_util.py", "partial_eval.py", "api_util.py")
_DEEPEST = 10


class CustomCall(NamedTuple):
    """One call of a function with a derivative rule of its own.

    Attributes:
        kind: "custom_jvp" or "custom_vjp".
        function: the function's name.
        rule: the rule's name.
        file: the file that defines the rule.
        line: its line there.
        inputs: what the call was given.
        apply: the call, its rule included: a function of such inputs to a list of outputs.
        program: identifies the function: equal for calls of the same at the same shapes.
    """

    kind: str
    function: str
    rule: str
    file: str
    line: int
    inputs: list[Any]
    apply: Callable[[Sequence[Any]], list]
    program: Program


def custom_calls(function: Callable, leaves: Sequence[Any]) -> list[CustomCall]:
    """The calls that ``function(leaves)`` makes, in order, those of one program once.

    The function is traced and evaluated, equation by equation. Of a loop the first step is looked
    into, of a branch the one that is taken.
    """
    closed = jax.make_jaxpr(function)(list(leaves))
    recording = _Recording()
    inputs = [(np.asarray(leaf, v.aval.dtype),) for leaf, v in
              zip(jax.tree.leaves(list(leaves)), closed.jaxpr.invars, strict=True)]  # fmt: skip
    recording.run(closed.jaxpr, closed.consts, inputs)
    return list(recording.calls.values())


class _Recording(Replay):
    """A replay, in the program's own dtypes, that writes down the custom calls that it meets."""

    def __init__(self):
        super().__init__(double=False)
        self.calls: dict[Any, CustomCall] = {}

    def equation(self, equation, inputs: list[tuple]) -> list[tuple]:
        """As `Replay.equation`."""
        rule = facts(equation.primitive.name).rule
        if not rule:
            return super().equation(equation, inputs)
        arrays = [value[0] for value in inputs]
        call = _described(equation, rule, arrays)
        self.calls.setdefault((call.program, call.file, call.line), call)
        return NATIVE.equation(equation, inputs)

    def _scan(self, params, inputs):
        constants_and_carry = sum(scan_counts(params))
        if params["length"]:
            first = -1 if params["reverse"] else 0
            rows = [(value[0][first],) for value in inputs[constants_and_carry:]]
            self._call(params["jaxpr"], [*inputs[:constants_and_carry], *rows])
        return NATIVE._scan(params, inputs)

    def _while(self, params, inputs):
        tests, body = params["cond_nconsts"], params["body_nconsts"]
        carry = inputs[tests + body :]
        (running,) = NATIVE._call(params["cond_jaxpr"], [*inputs[:tests], *carry])
        if bool(np.any(running[0])):
            self._call(params["body_jaxpr"], [*inputs[tests : tests + body], *carry])
        return NATIVE._while(params, inputs)

    def _cond(self, params, inputs):
        if params.get("branches_platforms") is None:
            branch = int(np.clip(inputs[0][0], 0, len(params["branches"]) - 1))
            return self._call(params["branches"][branch], inputs[1:])
        return super()._cond(params, inputs)


def _described(equation, rule: str, inputs: list[Any]) -> CustomCall:
    program = equation.params["call_jaxpr"]
    info = getattr(program.jaxpr.debug_info, "func_src_info", None) or "a function"
    written = next(_functions(equation.params[rule], 0), None)
    code = written.__code__ if written is not None else None
    return CustomCall(
        kind=equation.primitive.name.removesuffix("_call"),
        function=info.split(" at ")[0],
        rule=written.__name__ if written is not None else "its rule",
        file=code.co_filename if code is not None else "",
        line=code.co_firstlineno if code is not None else 0,
        inputs=inputs,
        apply=lambda arrays: bind(equation, arrays, double=False),
        program=Program(program.jaxpr),
    )


def _functions(thing: Any, depth: int) -> Iterator[types.FunctionType]:
    """The Python functions inside a wrapped rule that are not of JAX's own machinery."""
    if depth > _DEEPEST:
        return
    if isinstance(thing, types.FunctionType):
        if not thing.__code__.co_filename.endswith(_MACHINERY):
            yield thing
        for cell in thing.__closure__ or ():
            yield from _functions(cell.cell_contents, depth + 1)
    elif isinstance(thing, functools.partial):
        yield from _functions(thing.func, depth + 1)
    elif isinstance(thing, list | tuple):
        for item in thing:
            yield from _functions(item, depth + 1)
    elif hasattr(thing, "f_transformed") or hasattr(thing, "transforms"):
        yield from _functions(thing.f, depth + 1)
