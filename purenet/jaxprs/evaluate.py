"""A traced program evaluated: in its own dtypes, as the caller's function is, or in float64."""

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from purenet.jaxprs.compiled import held, jitted
from purenet.jaxprs.cost import work_of
from purenet.jaxprs.program import Program
from purenet.jaxprs.replay import DOUBLE, NATIVE, UNREFINED, Replay, where_leading
from purenet.jaxprs.widening import working_precision

_MOST_ROUNDS = 100_000


def evaluated(
    program: Program, constants: Sequence[Any], leaves: Sequence[Any], *, ends: bool = False
) -> list:
    """The outputs of a program at leaves of the dtypes that it was traced in.

    With ``ends``, a while loop ends after 100,000 rounds whatever its condition says: at numbers
    that the program was not written for it might never. Call it outside ``working_precision``.
    """
    with working_precision(program.has_64_bits):
        return _evaluated(program, ends)(list(constants), list(leaves))


def evaluated_wide(
    program: Program, constants: Sequence[Any], leaves: Sequence[Any], *, refines: bool = True
) -> list:
    """The outputs in float64, at leaves of wide dtypes; call it under ``working_precision``.

    With ``refines`` False an iterative solver stops where its own tolerance says.
    """
    return _evaluated_wide(program, refines)(list(constants), list(leaves))


def evaluated_along(
    program: Program,
    constants: Sequence[Any],
    leaves: Sequence[Any],
    each: Sequence[Any],
    *,
    wide: bool,
) -> list:
    """The outputs at leaves that stay and others of which there are several, on a leading axis.

    With ``wide`` in float64, the leaves in their wide dtypes, under ``working_precision``.
    """
    evaluate = _evaluated_along(program, wide, len(each[0]))
    with working_precision(wide or program.has_64_bits):
        return evaluate(list(constants), list(leaves), list(each))


class _Ending(Replay):
    """A replay in one lane whose while loops end."""

    def _while(self, params, inputs):
        n_test, n_body = params["cond_nconsts"], params["body_nconsts"]
        test_constants, body_constants = inputs[:n_test], inputs[n_test : n_test + n_body]

        def running(state):
            rounds, carry = state
            ((test,),) = self._call(params["cond_jaxpr"], [*test_constants, *carry])
            return jnp.any(test) & (rounds < _MOST_ROUNDS)

        def step(state):
            rounds, carry = state
            new = self._call(params["body_jaxpr"], [*body_constants, *carry])
            ((test,),) = self._call(params["cond_jaxpr"], [*test_constants, *carry])
            if jnp.ndim(test):  # under vmap each row ends by itself
                new = [(where_leading(test, n[0], o[0]),) for n, o in zip(new, carry, strict=True)]
            return rounds + 1, new

        return lax.while_loop(running, step, (0, list(inputs[n_test + n_body :])))[1]


_ENDING = _Ending(double=False)


@held
def _evaluated_wide(program: Program, refines: bool):
    replay = DOUBLE if refines else UNREFINED

    def run(constants, leaves):
        return replay.evaluate(program, constants, leaves, leaves)

    return jitted(run, work_of(program).operations)


@held
def _evaluated_along(program: Program, wide: bool, count: int):
    replay = DOUBLE if wide else NATIVE

    def run(constants, leaves, each):
        def at(one):
            inputs = [*leaves, *one]
            return replay.evaluate(program, constants, inputs, inputs)

        if program.is_mappable:
            return jax.vmap(at)(each)
        return lax.map(at, each)

    return jitted(run, count * work_of(program).operations)


@held
def _evaluated(program: Program, ends: bool):
    replay = _ENDING if ends else NATIVE

    @jax.jit
    def run(constants, leaves):
        return replay.evaluate(program, constants, leaves, leaves)

    return run
