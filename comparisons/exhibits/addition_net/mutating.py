"""The mutating original: a net that adds its weight to its input, and a lambda that ignores w."""


class AdditionNet:
    """One weight in a nested Python list: an object that everybody can write to."""

    def __init__(self):
        self.w = [[100]]

    def predict(self, x):
        """The weight plus the input."""
        return self.w[0][0] + x

    def loss(self, x, t):
        """The prediction plus the target: the plainest loss that reads the weight."""
        return self.predict(x) + t


def captured_loss(net, x, t):
    """The book's idiom: a function of w that never looks at w."""
    return lambda w: net.loss(x, t)
