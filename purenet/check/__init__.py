"""JAX's derivatives proved by finite differences, coordinate by coordinate, with a report."""

from purenet.check.compare import check_grads as check_grads
from purenet.check.compare import compare_grads as compare_grads
from purenet.check.found import Coordinate as Coordinate
from purenet.check.found import LeafReport as LeafReport
from purenet.check.report import GradientMismatch as GradientMismatch
from purenet.check.report import GradientReport as GradientReport
from purenet.check.report import GradientUndecided as GradientUndecided
