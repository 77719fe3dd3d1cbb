"""Finite differences: the twins of jax.grad and its kin, by differencing alone."""

from purenet.fd.directional import jvp as jvp
from purenet.fd.estimation import Estimate as Estimate
from purenet.fd.estimation import Remark as Remark
from purenet.fd.estimation import estimate as estimate
from purenet.fd.jacobians import hessian as hessian
from purenet.fd.jacobians import jacobian as jacobian
from purenet.fd.transforms import grad as grad
from purenet.fd.transforms import value_and_grad as value_and_grad
