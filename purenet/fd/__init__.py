"""Finite differences: the twins of jax.grad and its kin, by differencing alone."""

from purenet.fd.transforms import grad as grad
from purenet.fd.transforms import value_and_grad as value_and_grad
