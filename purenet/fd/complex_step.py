"""The complex step: derivatives of analytic programs to the last digits, without subtraction."""

from collections.abc import Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array

from purenet import jaxprs
from purenet.fd.differences import Evaluator
from purenet.fd.lengths import scale
from purenet.fd.numbers import namespace, numbers

_STEP = 2.0**-66  # its square is far below rounding; nothing is subtracted, so nothing is lost


def along_coordinates(evaluator: Evaluator, leaf: int) -> list[Array]:
    """The derivatives with respect to every coordinate of a leaf: Im f(x + ih) / h.

    Source: Squire & Trapp, SIAM Review 40:110, 1998.

    Returns:
        For each output an array of shape (leaf size, *output shape).

    Raises:
        TypeError: where a primitive between the leaf and an output is not analytic.
    """
    x = numbers(evaluator.leaves[leaf]).ravel()
    if x.size == 0:
        return [jnp.zeros((0, *out.shape)) for out in evaluator.base()]
    xp = namespace(x)
    steps = _STEP * xp.exp2(xp.round(xp.log2(scale(x))))
    outputs = evaluator.along_coordinates([(leaf, np.arange(x.size), 1j * steps[:, None])])
    return [numbers(out)[:, 0].imag / steps.reshape((-1, *[1] * (out.ndim - 2))) for out in outputs]


def along_direction(evaluator: Evaluator, direction: Sequence[Array]) -> list[Array]:
    """The derivative of each output along one direction: Im f(x + ihd) / h."""
    outputs = evaluator.along_direction(direction, 1j * np.array([_STEP]))
    return [numbers(out)[0].imag / _STEP for out in outputs]


def require_real(leaves: Sequence[Any], paths: Sequence[str]) -> None:
    """Raise TypeError where a leaf is complex already."""
    for leaf, path in zip(leaves, paths, strict=True):
        if jnp.iscomplexobj(leaf):
            raise TypeError(
                f"got {path} of dtype {jnp.result_type(leaf)} with method='complex'; wanted real "
                "parameters, whose imaginary part is free to carry the derivative; "
                "use method='central'"
            )


class _Refused:
    """What a primitive that is not analytic gives; an error only if an output depends on it."""

    def __init__(self, primitive: str):
        self.primitive = primitive


class AnalyticReplay(jaxprs.Replay):
    """The program at a complex point: a lane of the real base and one of the point."""

    def __init__(self):
        super().__init__(double=True)

    def evaluate(self, program, constants: list, base: list, moved: list) -> list:
        """The outputs at complex inputs; TypeError where one depends on a refused primitive."""
        values = [
            (old, new) if new is not old else (new,) for old, new in zip(base, moved, strict=True)
        ]
        outputs = [output[-1] for output in self.run(program.jaxpr, constants, values)]
        for output in outputs:
            require_analytic(output)
        return outputs

    def apply(self, equation, lane: list) -> list:
        """The outputs of an equation, which must be analytic where an input left the real line."""
        refused = [x for x in lane if isinstance(x, _Refused)]
        if refused:
            return refused[:1] * len(equation.outvars)
        moved = [
            _left_the_real_line(x, atom) for x, atom in zip(lane, equation.invars, strict=True)
        ]
        if not any(moved):
            return super().apply(equation, lane)
        name = equation.primitive.name
        if not jaxprs.facts(name).analytic or _gives_no_float(equation):
            return [_Refused(name)] * len(equation.outvars)
        lane = [_complex(x) for x in lane]
        if name == "pow":
            return [_power(*lane)]
        if name == "conv_general_dilated":
            return [self._convolution(equation, *lane)]
        return jaxprs.bind_complex(equation, lane)

    def spread(self, values: Sequence[tuple], lanes: int) -> list[tuple]:
        """Two lanes each, the second complex, since a loop's carry may leave the real line."""
        if lanes == 1:
            return list(values)
        for value in values:
            require_analytic(value[-1])
        return [(value[0], _complex(value[-1])) for value in values]

    def _convolution(self, equation, image, kernel):
        """By real and imaginary parts: JAX's own adds the one to the other, and loses the step."""
        product = super().apply
        [real] = product(equation, [image.real, kernel.real])
        [of_image] = product(equation, [image.imag, kernel.real])
        [of_kernel] = product(equation, [image.real, kernel.imag])
        # the product of the imaginary parts is as the square of the step: far below rounding
        return lax.complex(real, of_image + of_kernel)


ANALYTIC = AnalyticReplay()


def require_analytic(value: Any) -> None:
    """Raise TypeError where a value stands for the result of a primitive that is not analytic."""
    if isinstance(value, _Refused):
        raise TypeError(
            f"got method='complex' for a function that goes through {value.primitive!r}; wanted "
            "analytic primitives alone on the way from the parameters to the outputs; "
            "use method='central', or fd.estimate"
        )


def _left_the_real_line(x, atom) -> bool:
    return jnp.iscomplexobj(x) and not jnp.issubdtype(atom.aval.dtype, np.complexfloating)


def _gives_no_float(equation) -> bool:
    return any(not jnp.issubdtype(out.aval.dtype, np.inexact) for out in equation.outvars)


def _complex(x):
    return lax.convert_element_type(x, np.complex128) if _is_real(x) else x


def _is_real(x) -> bool:
    return not jaxprs.is_extended(x.dtype) and jnp.issubdtype(x.dtype, np.floating)


def _power(base, exponent):
    """base^exponent without crossing the logarithm's branch cut, where the base is negative."""
    negative = base.real < 0
    magnitude = jnp.exp(exponent * jnp.log(jnp.where(negative, -base, base)))
    sign = jnp.where(exponent.real % 2 == 0, 1.0, -1.0)
    sign = jnp.where(exponent.real % 1 == 0, sign, jnp.nan)
    return jnp.where(negative, sign * magnitude, magnitude)
