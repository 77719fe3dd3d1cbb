"""Which lines of the two programs correspond."""

from comparisons.programs import Twin

TWINS = (
    Twin(
        "the 1e-7 in the logarithm: its loss has it, its backward does not",
        "SoftmaxWithLoss.forward: return",
        "softmax_with_loss: return -jnp.mean",
    ),
    Twin(
        "the backward pass written by hand", "SoftmaxWithLoss.backward: dx = self.y ... return", ""
    ),
    Twin("x W + b", "Affine.forward: return", "affine: return"),
    Twin("what JAX derives from the line above", "Affine.backward: dx = ... return", ""),
)
