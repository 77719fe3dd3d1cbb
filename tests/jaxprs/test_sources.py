"""Where an equation was written."""

import jax
import jax.numpy as jnp

from purenet import jaxprs
from tests.purity.found import line


def function(x):
    return jnp.sin(x)  # here


def test_the_line_of_the_callers_code():
    (equation,) = jax.make_jaxpr(function)(1.0).eqns
    assert jaxprs.written_at(equation) == line(function, "# here")
