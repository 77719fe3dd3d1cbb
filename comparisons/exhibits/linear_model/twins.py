"""Which lines of the two programs correspond."""

from comparisons.programs import Twin

TWINS = (
    Twin("a function of W: it reads the model, or its argument", "captured_loss: return", "loss"),
    Twin(
        "the function said to be equivalent: it writes W into the model",
        "assigning_loss: def loss_W ... return model.loss",
        "",
    ),
    Twin("where the weight is kept", "LinearModel.__init__: self.W", "model"),
    Twin(
        "the published gradient: of a matrix, x[idx] is a view, and moves with the writes",
        "numerical_gradient: for idx ... x[idx] = tmp_val",
        "",
    ),
)
