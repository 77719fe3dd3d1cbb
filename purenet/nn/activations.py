"""The activation functions of the book, from jax.nn.

``sigmoid``, ``relu``, ``tanh`` and ``softmax`` are JAX's own: element-wise (``softmax`` over its
last axis unless ``axis`` is given), float in and float out, shapes unchanged, stable for large
arguments.

>>> import jax.numpy as jnp
>>> softmax(jnp.array([1000.0, 1000.0])).tolist()
[0.5, 0.5]
"""

from jax.nn import relu as relu
from jax.nn import sigmoid as sigmoid
from jax.nn import softmax as softmax
from jax.nn import tanh as tanh
