"""Which lines of the two programs correspond."""

from comparisons.programs import Twin

TWINS = (
    Twin("a function of w: it reads the net, or its argument", "captured_loss: return", "loss"),
    Twin("where the weight is kept, and read", "AdditionNet.predict: return", "model"),
    Twin("the weight: a list that everybody can write to", "AdditionNet.__init__: self.w", ""),
)
