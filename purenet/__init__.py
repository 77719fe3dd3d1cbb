"""Pure losses in JAX, and gradients you can prove."""

from purenet import nn as nn
