"""How what a function returns is read as one real vector, or as a weighted sum of it."""

from collections.abc import Iterator, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from purenet import kinds


class Reading:
    """The real numbers that a function returns, real parts before imaginary ones, in one order.

    Attributes:
        outputs: shape and dtype of each output.
        tree: their tree.
        weights: of a sum of all the numbers; None where each is read by itself.
        floating: the positions of the outputs that are floating point.
        size: how many real numbers these hold.
        is_scalar: whether the function returns one real number and nothing else.
    """

    def __init__(
        self,
        outputs: Sequence[jax.ShapeDtypeStruct],
        tree: Any,
        weights: np.ndarray | None = None,
    ):
        self.outputs = list(outputs)
        self.tree = tree
        self.weights = weights
        self.floating = [i for i, o in enumerate(outputs) if jnp.issubdtype(o.dtype, np.inexact)]
        if not self.floating:
            got = ", ".join(f"{out.dtype}{list(out.shape)}" for out in outputs) or "nothing"
            raise TypeError(
                f"got a function that returns {got}; wanted a floating-point output, which alone "
                "has a derivative; return the loss, or cast it to float"
            )
        self.size = sum(_count(self.outputs[i]) for i in self.floating)
        only = self.outputs[0]
        self.is_scalar = len(outputs) == 1 and only.shape == () and not _is_complex(only)

    def of(self, flat: Sequence[Any]) -> np.ndarray:
        """The vector, or the number, of outputs with any leading axes; NumPy arrays."""
        arrays: list[Any] = [np.asarray(kinds.numbers_of(flat[i])) for i in self.floating]
        if self.is_scalar:
            return arrays[0]
        parts = [
            part.reshape(-1)
            for array in arrays
            for part in ((array.real, array.imag) if np.iscomplexobj(array) else (array,))
        ]
        vector = np.concatenate(parts)
        return vector if self.weights is None else np.asarray(self.weights @ vector)

    def rows(self, by_output: Sequence[np.ndarray]) -> np.ndarray:
        """Rows, one an output's number, as they are or summed with the weights.

        Args:
            by_output: for each floating output an array (*output shape, *rest); real outputs.
        """
        rows = np.concatenate([
            np.reshape(part, (_count(self.outputs[i]), -1))
            for i, part in zip(self.floating, by_output, strict=True)
        ])  # fmt: skip
        return rows if self.weights is None else (self.weights @ rows)[None]

    def cotangents(self) -> Iterator[list[np.ndarray]]:
        """A cotangent for each number of the vector, or the one of the weighted sum, flat.

        By JAX's convention a cotangent of z = x + iy that asks for y is -i.
        """
        for position in range(self.size if self.weights is None else 1):
            unit = self.weights
            if unit is None:
                unit = np.zeros(self.size)
                unit[position] = 1.0
            flat, start = [np.zeros(out.shape, out.dtype) for out in self.outputs], 0
            for i in self.floating:
                out, count = self.outputs[i], int(np.prod(self.outputs[i].shape))
                part = unit[start : start + count]
                if _is_complex(out):
                    part = part - 1j * unit[start + count : start + 2 * count]
                flat[i] = part.reshape(out.shape).astype(out.dtype)
                start += _count(out)
            yield flat


def _is_complex(out: jax.ShapeDtypeStruct) -> bool:
    return jnp.issubdtype(out.dtype, np.complexfloating)


def _count(out: jax.ShapeDtypeStruct) -> int:
    return int(np.prod(out.shape)) * (2 if _is_complex(out) else 1)
