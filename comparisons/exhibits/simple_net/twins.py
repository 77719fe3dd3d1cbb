"""Which lines of the two programs correspond."""

from comparisons.programs import Twin

TWINS = (
    Twin("where the parameters are kept", "puzzle: net = ", "puzzle: params = "),
    Twin("the line that changes: what f reads", "puzzle: f = ", "puzzle: f = "),
    Twin("what the gradient is taken of", "puzzle: return", "puzzle: return"),
    Twin("the weight: the object's, or the argument's", "SimpleNet.predict: return", "loss: model"),
    Twin(
        "one coordinate: write, call, write, call, put back; or a new array for each",
        "numerical_gradient: x[idx] = tmp_val + h ... x[idx] = tmp_val",
        "trace: higher ... pairs.append",
    ),
)
