"""Initialisers under their usual names, from jax.nn.initializers.

``zeros`` and ``ones`` are initialisers themselves; the others make one. An initialiser is called
as ``initializer(key, shape, dtype)`` and returns an array of that shape. Glorot is also known as
Xavier, He as Kaiming. Fans are counted for a weight of shape ``(inputs, outputs)``; for a weight of
shape ``(outputs, inputs)`` pass ``in_axis=-1, out_axis=-2``.

References: Glorot & Bengio, AISTATS 2010; He, Zhang, Ren & Sun, ICCV 2015.

>>> import jax, jax.numpy as jnp
>>> he_normal()(jax.random.key(0), (784, 50), jnp.float32).shape
(784, 50)
"""

from jax.nn.initializers import constant as constant
from jax.nn.initializers import glorot_normal as glorot_normal
from jax.nn.initializers import glorot_uniform as glorot_uniform
from jax.nn.initializers import he_normal as he_normal
from jax.nn.initializers import he_uniform as he_uniform
from jax.nn.initializers import normal as normal
from jax.nn.initializers import ones as ones
from jax.nn.initializers import uniform as uniform
from jax.nn.initializers import zeros as zeros

xavier_normal = glorot_normal
xavier_uniform = glorot_uniform
kaiming_normal = he_normal
kaiming_uniform = he_uniform
