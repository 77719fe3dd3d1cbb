"""Checks that say right of what is right and wrong of what is wrong, for any thread or process."""

import jax.numpy as jnp
import numpy as np

import purenet
from purenet import fd

W = np.array([0.3, -1.2, 0.5])
CAPTURED = np.ones(3)


def loss(w):
    return jnp.sum(jnp.sin(w) ** 2)


def by_numpy(w):
    return float(np.sum(np.sin(w) ** 2))


def gradient(w):
    return np.sin(2 * w)


CHECKS = [
    lambda: purenet.check_grads(loss, W).ok,
    lambda: not purenet.compare_grads(loss, W, gradient=1.01 * gradient(W)).ok,
    lambda: bool(np.allclose(fd.grad(loss)(W), gradient(W), rtol=1e-4)),
    lambda: purenet.audit(loss, W).ok,
    lambda: not purenet.audit(lambda w: jnp.sum(CAPTURED**2), W).ok,
    lambda: purenet.check_grads(by_numpy, W, gradient=gradient).ok,
    lambda: not purenet.compare_grads(by_numpy, W, gradient=lambda w: 1.01 * gradient(w)).ok,
    lambda: bool(np.all(np.isfinite(fd.estimate(loss)(W).value))),
]


def checked(number: int) -> bool:
    """Whether one of the checks, counted on and on, says what it should."""
    return CHECKS[number % len(CHECKS)]()


def all_checked() -> bool:
    """Whether all of them do."""
    return all(map(checked, range(len(CHECKS))))
