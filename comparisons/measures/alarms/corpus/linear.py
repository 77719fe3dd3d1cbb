"""How jax.numpy.linalg and jax.numpy.fft are asked: of well-conditioned matrices; of real and
complex arrays.

What a decomposition leaves open (the signs of vectors) is removed: what is differentiated is
defined by the matrix.
"""

import jax
import jax.numpy as jnp

from comparisons.measures.alarms.corpus.domains import (
    ONE,
    TWO,
    between,
    diagonalisable,
    joined,
    matrix,
    symmetric,
)
from comparisons.measures.alarms.corpus.recipes import (
    Namespace,
    Recipe,
    Recipes,
    complexly,
    same,
)

_NOT_LINALG = {
    "returns integers": "matrix_rank",
    "JAX refuses the derivative of eigenvectors that are not orthogonal": "eig",
}


def _sines_by_eigh(eigh, x):
    values, vectors = eigh(x)
    return values, (vectors * jnp.sin(values)) @ vectors.T


def _power_sums(eigvals, x):
    values = eigvals(x)
    return [jnp.real(jnp.sum(values**n)) for n in (2, 3)]


def _signed_qr(qr, x):
    orthogonal, triangular = qr(x)
    signs = jnp.sign(jnp.diagonal(triangular))
    return orthogonal * signs, triangular * signs[:, None]


def _squared_by_svd(svd, x):
    left, values, right = svd(x, full_matrices=False)
    return values, (left * values**2) @ right


_LINALG: Recipes = {
    "cholesky": Recipe(symmetric(1, 3)),
    **same("cond det inv slogdet", Recipe(matrix())),
    "eigvals": Recipe(diagonalisable, _power_sums),
    "eigh": Recipe(symmetric(-2, 2), _sines_by_eigh),
    "eigvalsh": Recipe(symmetric(-2, 2)),
    "lstsq": Recipe(joined(matrix(4, 2), between(-1, 1, (4,))), lambda f, a, b: f(a, b)[0]),
    "matmul": Recipe(between(-1.5, 1.5, (2, 3), (3, 2))),
    "tensordot": Recipe(between(-1.5, 1.5, (2, 3), (3, 2)), lambda f, x, y: f(x, y, axes=1)),
    "matrix_norm": (
        Recipe(ONE),
        Recipe(matrix(2, 3), lambda f, x: f(x, ord="nuc"), "nuclear"),
        Recipe(matrix(2, 3), lambda f, x: f(x, ord=2), "spectral"),
    ),
    "matrix_power": (
        Recipe(matrix(), lambda f, x: f(x, 3)),
        Recipe(matrix(), lambda f, x: f(x, -2), "negative"),
    ),
    "multi_dot": Recipe(
        between(-1.5, 1.5, (2, 3), (3, 2), (2, 2)), lambda f, *factors: f(list(factors))
    ),
    "norm": (
        Recipe(ONE),
        Recipe(ONE, lambda f, x: f(x, ord=3, axis=1), "of order 3"),
        Recipe(ONE, lambda f, x: f(x, ord=1, axis=1), "of order 1"),
    ),
    "outer": Recipe(between(-1.5, 1.5, (2,), (3,))),
    "pinv": Recipe(matrix(3, 2)),
    "qr": Recipe(matrix(3, 2), _signed_qr),
    "solve": Recipe(joined(matrix(), between(-1, 1, (3,)))),
    "svd": Recipe(matrix(3, 2), _squared_by_svd),
    "svdvals": Recipe(matrix(3, 2)),
    "tensorinv": Recipe(matrix(), lambda f, x: f(x, ind=1)),
    "tensorsolve": Recipe(joined(matrix(), between(-1, 1, (3,)))),
}

_NOT_FFT = {"a constant, whatever the numbers in its arguments": "fftfreq rfftfreq"}


def _of_given_size(inverse, real, imaginary):
    return inverse(jax.lax.complex(real, imaginary), 5)


_COMPLEX = (Recipe(ONE, part="real"), Recipe(TWO, complexly, "complex"))

_FFT: Recipes = {
    **same("fft fft2 fftn ifft ifft2 ifftn fftshift ifftshift", _COMPLEX),
    **same("irfft2 irfftn", Recipe(TWO, complexly)),
    # of an even size, where the last frequency is real, and of an odd one, where it is complex
    **same("hfft irfft", (Recipe(TWO, complexly, "even"), Recipe(TWO, _of_given_size, "odd"))),
}

LINALG = Namespace("jax.numpy.linalg", _LINALG, _NOT_LINALG)
FFT = Namespace("jax.numpy.fft", _FFT, _NOT_FFT)
