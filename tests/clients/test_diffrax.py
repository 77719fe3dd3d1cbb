"""A loss with diffrax, differenced; its gradients by several adjoints are among the losses."""

import jax
import numpy as np
import pytest

from purenet import fd
from tests.clients.losses import makers

pytest.importorskip("diffrax")


def test_finite_differences_of_a_neural_differential_equation():
    case = makers()["diffrax.fixed_steps"]()
    wanted = jax.grad(case.loss)(*case.args)
    np.testing.assert_allclose(fd.grad(case.loss)(*case.args), wanted, rtol=1e-4)
