"""jax.grad held against finite differences, coordinate by coordinate, with a report."""

from purenet.check.compare import compare_grads as compare_grads
from purenet.check.report import GradientReport as GradientReport
from purenet.check.report import LeafReport as LeafReport
