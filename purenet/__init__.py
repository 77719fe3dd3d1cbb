"""Pure losses in JAX, and gradients you can prove."""

from purenet import fd as fd
from purenet import nn as nn
from purenet.check import GradientReport as GradientReport
from purenet.check import compare_grads as compare_grads
