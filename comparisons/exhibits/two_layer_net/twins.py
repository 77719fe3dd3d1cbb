"""Which lines of the two programs correspond."""

from comparisons.programs import Twin

TWINS = (
    Twin(
        "the gradient of each parameter, by a lambda that ignores W; or of the argument",
        "TwoLayerNet.numerical_gradient: loss_W ... return",
        "loss_of: return",
    ),
    Twin(
        "the backward pass: written by hand and kept in the layers, or jax.value_and_grad",
        "TwoLayerNet.gradient: self.loss ... activation.backward",
        "step: value_and_grad",
    ),
    Twin(
        "the update: into the parameters, or new ones",
        "TwoLayerNet.step: for name ... learning_rate",
        "step: return",
    ),
    Twin("what a layer remembers", "Affine.forward: self.x = ... return", ""),
    Twin("accuracy", "TwoLayerNet.accuracy: return", "accuracy: return"),
)
