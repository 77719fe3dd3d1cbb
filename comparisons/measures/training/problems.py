"""What is trained: the book's network on digits and MNIST, and what is only timed."""

from pathlib import Path
from typing import NamedTuple

import jax
import numpy as np

from purenet import data, nn

BATCH, LEARNING_RATE, STEPS = 100, 0.1, 10_000
_KEY = 1


class Problem(NamedTuple):
    """A network, its data, and for how long it is trained.

    Attributes:
        name: of the network and its data.
        sizes: of its layers, input first; two weights have a sigmoid between them and are the
            book's TwoLayerNet, more have relu.
        dataset: in the dtype it is trained in.
        epochs: over all training rows, in batches of 100.
    """

    name: str
    sizes: tuple[int, ...]
    dataset: data.Dataset
    epochs: int

    @property
    def model(self) -> nn.Model:
        """The pure model."""
        return nn.two_layer_net(*self.sizes) if len(self.sizes) == 3 else nn.mlp(*self.sizes)

    @property
    def dtype(self) -> np.dtype:
        """The dtype of data and parameters."""
        return self.dataset.x_train.dtype

    @property
    def params(self) -> dict[str, np.ndarray]:
        """The start that all have in common."""
        return jax.tree.map(np.asarray, self.model.init(jax.random.key(0), dtype=self.dtype))

    @property
    def key(self) -> jax.Array:
        """The key of purenet's training, which gives all of them their batches."""
        return jax.random.key(_KEY)

    @property
    def steps(self) -> int:
        """The number of steps of all epochs."""
        return self.epochs * -(-len(self.dataset.x_train) // BATCH)

    def batches(self) -> list[np.ndarray]:
        """The rows of every step: the batches that purenet's fit takes."""
        rows = len(self.dataset.x_train)
        return [
            batch
            for epoch in range(self.epochs)
            for batch in data.batches(self.key, epoch, rows, BATCH)
        ]


def digits() -> Problem:
    """64-50-10 on 1,000 of scikit-learn's digits, 797 to test on: 10 steps an epoch."""
    dataset = data.digits(test=797)
    return _trained("digits", dataset)


def mnist(folder: Path) -> Problem:
    """The book's network, 784-50-10, on MNIST."""
    return _trained("MNIST", data.mnist(folder))


def timed(name: str, sizes: tuple[int, ...], epochs: int) -> Problem:
    """A network in float32 on 8,000 random rows: what they hold takes no part in the time."""
    draw = np.random.default_rng(0)
    x = draw.random((8000, sizes[0]), dtype=np.float32)
    t = draw.integers(0, sizes[-1], 8000)
    return Problem(name, sizes, data.Dataset(x, t, x[:BATCH], t[:BATCH]), epochs)


def _trained(name: str, dataset: data.Dataset) -> Problem:
    rows, inputs = dataset.x_train.shape
    epochs = round(STEPS / -(-rows // BATCH))
    return Problem(f"{name} {inputs}-50-10", (inputs, 50, 10), dataset, epochs)
