"""Every layer at one point: how it is made, its inputs, its twin, and its backward as a vjp."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from comparisons.exhibits.backward_pass import mutating, pure

Arrays = dict[str, np.ndarray]
Gradients = tuple[Arrays, Arrays]  # of the parameters, of the inputs


class Case(NamedTuple):
    """One layer at one point, and its pure twin.

    Attributes:
        make: a fresh layer of given parameters.
        params: the parameters.
        inputs: what forward takes, by name.
        twin: ``twin(params, *inputs)``.
    """

    make: Callable[[Arrays], Any]
    params: Arrays
    inputs: Arrays
    twin: Callable[..., Any]

    def forward(self, params: Arrays, inputs: Arrays) -> Any:
        """The outputs of a fresh layer."""
        return self.make(params).forward(*self._ordered(inputs))

    def backward(self, params: Arrays, inputs: Arrays, cotangent: Any) -> Gradients:
        """The layer's own backward as a vjp."""
        return self.went_back(params, inputs, cotangent)[1]

    def went_back(self, params: Arrays, inputs: Arrays, cotangent: Any) -> tuple[Any, Gradients]:
        """A layer that has gone forward and backward, and the gradients: returned and kept."""
        layer = self.make(params)
        layer.forward(*self._ordered(inputs))
        each = cotangent if isinstance(cotangent, tuple) else (cotangent,)
        of_inputs = layer.backward(*map(np.array, each))
        of_inputs = of_inputs if isinstance(of_inputs, tuple) else (of_inputs,)
        kept = {name: getattr(layer, f"d{name}") for name in params}
        return layer, (kept, dict(zip(self.inputs, of_inputs, strict=True)))

    def _ordered(self, inputs: Arrays) -> list[np.ndarray]:
        """The inputs as forward takes them: a tree of JAX's has its names in alphabetical order."""
        return [inputs[name] for name in self.inputs]


def cases(seed: int = 0) -> dict[str, Case]:
    """The layers of chapters 5 to 7 and of the second volume, in their order."""
    draw = np.random.default_rng(seed)

    def arrays(**shapes: tuple[int, ...]) -> Arrays:
        return {name: draw.normal(size=shape) for name, shape in shapes.items()}

    t, mask = draw.integers(0, 4, 3), draw.random((3, 4)) > 0.4
    recurrent = arrays(Wx=(3, 4), Wh=(4, 4), b=(4,))
    return {
        "Affine": Case(
            lambda p: mutating.Affine(**p), arrays(W=(4, 4), b=(4,)), arrays(x=(4, 4)), pure.affine
        ),
        "Sigmoid": Case(lambda _: mutating.Sigmoid(), {}, arrays(x=(3, 4)), pure.sigmoid),
        "Relu": Case(lambda _: mutating.Relu(), {}, arrays(x=(3, 4)), pure.relu),
        "SoftmaxWithLoss": Case(
            lambda _: mutating.SoftmaxWithLoss(t, delta=0.0),
            {},
            arrays(x=(3, 4)),
            pure.softmax_with_loss(t, delta=0.0),
        ),
        "BatchNormalization": Case(
            lambda p: mutating.BatchNormalization(**p),
            arrays(gamma=(4,), beta=(4,)),
            arrays(x=(5, 4)),
            pure.batch_normalization,
        ),
        "Dropout": Case(lambda _: mutating.Dropout(mask), {}, arrays(x=(3, 4)), pure.dropout(mask)),
        "Convolution": Case(
            lambda p: mutating.Convolution(**p, stride=1, pad=1),
            arrays(W=(2, 2, 3, 3), b=(2,)),
            arrays(x=(1, 2, 4, 4)),
            pure.convolution(1, 1),
        ),
        "Pooling": Case(
            lambda _: mutating.Pooling(2, 2, stride=2),
            {},
            arrays(x=(1, 2, 4, 4)),
            pure.pooling(2, 2),
        ),
        "RNN": Case(lambda p: mutating.RNN(**p), recurrent, arrays(x=(2, 3), h=(2, 4)), pure.rnn),
        "TimeRNN": Case(
            lambda p: mutating.TimeRNN(**p), recurrent, arrays(xs=(2, 3, 3)), pure.time_rnn
        ),
        "LSTM": Case(
            lambda p: mutating.LSTM(**p),
            arrays(Wx=(2, 12), Wh=(3, 12), b=(12,)),
            arrays(x=(2, 2), h=(2, 3), c=(2, 3)),
            pure.lstm,
        ),
    }


def book_loss(case: Case) -> Case:
    """SoftmaxWithLoss as the book has it: 1e-7 in the logarithm, and none in its backward."""
    t = case.make({}).t
    return case._replace(make=lambda _: mutating.SoftmaxWithLoss(t), twin=pure.softmax_with_loss(t))
