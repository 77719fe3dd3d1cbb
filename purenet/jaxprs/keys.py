"""Random keys: which are drawn from more than once in one run of a program."""

from collections.abc import Callable, Hashable, Iterator, Sequence
from typing import Any, NamedTuple

import jax
import numpy as np
from jax.extend.core import ClosedJaxpr, Jaxpr, Literal

from purenet.jaxprs.primitives import facts
from purenet.jaxprs.program import nested, scan_counts
from purenet.jaxprs.sources import written_at


class Use(NamedTuple):
    """One use of a key: what was done with it, and where."""

    how: str
    where: str


class Reused(NamedTuple):
    """A key that was used more than once.

    Attributes:
        origin: the position of the input that it comes from, or a constant's array, or None for a
            key made in the program itself.
        uses: what was done with it.
    """

    origin: Any
    uses: list[Use]


def reused_keys(function: Callable, leaves: Sequence[Any]) -> list[Reused]:
    """The keys that ``function(leaves)`` draws from twice, or draws from and splits.

    Keys are told apart by how they were made: two that come from the same seed, split and position
    are one key. A key that a loop draws from without changing it is used at every step. Of the
    branches of a cond, the one that uses a key most counts. `jax.random.fold_in` uses up nothing.
    """
    closed = jax.make_jaxpr(function)(list(leaves))
    ledger = _Ledger()
    constants = [("constant", id(c)) for c in closed.consts]
    ledger.origins |= dict(zip(constants, closed.consts, strict=True))
    inputs = [("input", i) for i in range(len(closed.jaxpr.invars))]
    ledger.origins |= {token: token[1] for token in inputs}
    ledger.run(closed.jaxpr, [*constants, *inputs])
    return [
        Reused(ledger.origin(token), uses)
        for token, uses in ledger.uses.items()
        if _is_reused(uses)
    ]


def _is_reused(uses: list[Use]) -> bool:
    """Splitting alike twice gives the same keys, and is told by their uses."""
    return len(uses) > 1 and any(use.how != "split" for use in uses)


class _Ledger:
    """Values by how they were made, and what was done with the keys among them."""

    def __init__(self):
        self.uses: dict[Hashable, list[Use]] = {}
        self.origins: dict[Hashable, Any] = {}
        self._made = 0
        self._outer = [""]  # where the calls around were written: inside of jax.random it is JAX's

    def origin(self, token: Hashable) -> Any:
        """The input or constant that a key's making began with."""
        for part in _parts(token):
            if part in self.origins:
                return self.origins[part]
        return None

    def run(self, jaxpr: Jaxpr, inputs: Sequence[Hashable]) -> list[Hashable]:
        """Follow a program; the tokens of its outputs."""
        heads = [*jaxpr.constvars, *jaxpr.invars]
        tokens = dict(zip(heads, inputs, strict=True))

        def read(atom):
            return _literal(atom) if isinstance(atom, Literal) else tokens[atom]

        for equation in jaxpr.eqns:
            self._outer.append(written_at(equation, jaxpr, self._outer[-1]))
            outputs = self._equation(equation, [read(a) for a in equation.invars])
            self._outer.pop()
            tokens.update(zip(equation.outvars, outputs, strict=True))
        return [read(atom) for atom in jaxpr.outvars]

    def _equation(self, equation: Any, inputs: list[Hashable]) -> list[Hashable]:
        name = equation.primitive.name
        known = facts(name)
        if known.use:
            self.uses.setdefault(inputs[0], []).append(Use(known.use, self._outer[-1]))
        if known.key == "same":
            return inputs
        if known.key == "made":
            return _made_by(equation, inputs)
        if name == "scan":
            return self._scan(equation, inputs)
        if name == "while":
            return self._while(equation, inputs)
        if name == "cond":
            return self._cond(equation, inputs)
        inner = next(nested(equation.params), None)
        if inner is not None and len(inner.invars) == len(inputs):
            constants = [("constant", id(c)) for c in _constants(equation.params)]
            if len(constants) == len(inner.constvars):
                return self.run(inner, [*constants, *inputs])
        return self._fresh(len(equation.outvars))

    def _scan(self, equation: Any, inputs: list[Hashable]) -> list[Hashable]:
        params = equation.params
        fixed, carried = scan_counts(params)
        xs = self._fresh(len(inputs) - fixed - carried)
        steps = max(params["length"], 0) if params["length"] < 2 else 2
        self._loop(params["jaxpr"], inputs[:fixed], inputs[fixed : fixed + carried], xs, steps)
        return self._fresh(len(equation.outvars))

    def _while(self, equation: Any, inputs: list[Hashable]) -> list[Hashable]:
        tests, fixed = equation.params["cond_nconsts"], equation.params["body_nconsts"]
        carry = inputs[tests + fixed :]
        self._loop(equation.params["body_jaxpr"], inputs[tests : tests + fixed], carry, [], 2)
        return self._fresh(len(equation.outvars))

    def _loop(
        self,
        body: ClosedJaxpr,
        fixed: list[Hashable],
        carry: list[Hashable],
        xs: list[Hashable],
        steps: int,
    ) -> None:
        """Two steps tell what every step does again; what a step scans over is its own."""
        constants = [("constant", id(c)) for c in body.consts]
        for step in range(steps):
            each = [("step", step, x) for x in xs]
            outputs = self.run(body.jaxpr, [*constants, *fixed, *carry, *each])
            carry = outputs[: len(carry)]

    def _cond(self, equation: Any, inputs: list[Hashable]) -> list[Hashable]:
        before, most = self.uses, {}
        for branch in equation.params["branches"]:
            self.uses = {}
            constants = [("constant", id(c)) for c in branch.consts]
            self.run(branch.jaxpr, [*constants, *inputs[1:]])
            for token, uses in self.uses.items():
                if len(uses) > len(most.get(token, ())):
                    most[token] = uses
        self.uses = before
        for token, uses in most.items():
            self.uses.setdefault(token, []).extend(uses)
        return self._fresh(len(equation.outvars))

    def _fresh(self, count: int) -> list[Hashable]:
        self._made += count
        return [("value", self._made - i) for i in range(count)]


def _made_by(equation: Any, inputs: list[Hashable]) -> list[Hashable]:
    name = equation.primitive.name
    if name == "random_wrap" and isinstance(inputs[0], tuple) and inputs[0][0] == "random_unwrap":
        return [inputs[0][-1]]
    params = tuple((k, str(v)) for k, v in sorted(equation.params.items()))
    return [(name, place, params, *inputs) for place in range(len(equation.outvars))]


def _constants(params: dict) -> Sequence[Any]:
    for value in params.values():
        if isinstance(value, ClosedJaxpr):
            return value.consts
    return ()


def _literal(literal: Literal) -> Hashable:
    array = np.asarray(literal.val)
    return ("literal", array.shape, array.tobytes())


def _parts(token: Hashable) -> Iterator[Hashable]:
    yield token
    if isinstance(token, tuple):
        for part in token:
            yield from _parts(part)
