"""Derivatives proved by finite differences, coordinate by coordinate, with a report.

On trial is `jax.grad` of a loss, a derivative that you give (see `check_grads`), or a rule that you
have taught JAX. A rule is checked by itself, like any function, with array outputs:

>>> import jax, jax.numpy as jnp, numpy as np
>>> x = jnp.array([0.3, -1.2, 2.0])
>>> @jax.custom_vjp
... def clipped(x):
...     return jnp.tanh(x)
>>> clipped.defvjp(lambda x: (jnp.tanh(x), x), lambda x, g: (g * (1 - jnp.tanh(x) ** 2),))
>>> check_grads(clipped, x).ok
True
>>> @jax.custom_jvp
... def log1pexp(x):
...     return jnp.log1p(jnp.exp(x))
>>> @log1pexp.defjvp
... def _(primals, tangents):
...     (x,), (t,) = primals, tangents
...     return log1pexp(x), t * (1 - jax.nn.sigmoid(x))  # should be sigmoid(x)
>>> print(compare_grads(log1pexp, x))
log1pexp: jax disagrees at ... of 18 derivatives
...

A Pallas kernel, which has no derivative by itself, in interpret mode and with a rule of its own:

>>> from jax.experimental import pallas as pl
>>> def kernel(x, out):
...     out[...] = x[...] ** 3
>>> @jax.custom_vjp
... def cubed(x):
...     return pl.pallas_call(kernel, jax.ShapeDtypeStruct(x.shape, x.dtype), interpret=True)(x)
>>> cubed.defvjp(lambda x: (cubed(x), x), lambda x, g: (3 * x**2 * g,))
>>> check_grads(cubed, x).ok
True

A callback into NumPy with a rule of its own:

>>> @jax.custom_vjp
... def sine(x):
...     return jax.pure_callback(np.sin, jax.ShapeDtypeStruct(x.shape, x.dtype), x)
>>> sine.defvjp(lambda x: (sine(x), x), lambda x, g: (g * jnp.cos(x),))
>>> check_grads(sine, x).ok
True
"""

from purenet.check.compare import check_grads as check_grads
from purenet.check.compare import compare_grads as compare_grads
from purenet.check.found import Coordinate as Coordinate
from purenet.check.found import LeafReport as LeafReport
from purenet.check.report import GradientMismatch as GradientMismatch
from purenet.check.report import GradientReport as GradientReport
from purenet.check.report import GradientUndecided as GradientUndecided
