"""Losses in plain NumPy that write only into arrays of their own."""

import copy
import random

import numpy as np

from comparisons.measures.purity.programs.program import drawn, program


class Tape:
    def __init__(self):
        self.nodes = []

    def add(self, value):
        """Keep a value, and hand it on."""
        self.nodes.append(value)
        return value


class Layer:
    def __init__(self, W, b):
        self.W = W
        self.b = b

    def __call__(self, x):
        """A layer that is made inside the loss and remembers its input."""
        self.x = x
        return np.tanh(x @ self.W + self.b)


@program()
def softmax_regression():
    """Maximum subtracted and exponential taken in place, in a fresh array."""
    x, t = drawn(1, 5, 3), np.array([0, 1, 1, 0, 1])

    def loss(params):
        scores = x @ params["W"] + params["b"]
        scores -= scores.max(axis=1, keepdims=True)
        np.exp(scores, out=scores)
        scores /= scores.sum(axis=1, keepdims=True)
        return -np.mean(np.log(scores[np.arange(5), t]))

    return loss, ({"W": drawn(2, 3, 2), "b": drawn(3, 2)},)


@program()
def a_network_in_a_loop():
    """Parameters by names that are put together in a loop."""
    x = drawn(1, 5, 3)

    def loss(params):
        h = x
        for n in (1, 2):
            h = np.maximum(h @ params[f"W{n}"] + params[f"b{n}"], 0.0)
        return np.sum(h)

    sizes = {1: (3, 4), 2: (4, 2)}
    params = {f"W{n}": drawn(n, *size) for n, size in sizes.items()}
    return loss, (params | {f"b{n}": 1 + 0.1 * drawn(9, m) for n, (_, m) in sizes.items()},)


@program()
def a_copy_written_to():
    """The argument is copied first, and the copy written to."""

    def loss(w):
        w = w.copy()
        w[0] = 1.0
        w *= 2.0
        return np.sum(w**2)

    return loss, (drawn(1, 3),)


@program()
def a_cast_written_to():
    """astype makes a copy."""

    def loss(w, x):
        x = x.astype(float)
        x -= x.mean()
        return np.sum(w * x)

    return loss, (drawn(1, 3), np.array([1, 5, 6]))


@program()
def a_dictionary_of_its_own():
    """The outer dictionary is copied; one entry of the copy is replaced."""
    x = drawn(1, 5, 3)

    def loss(params):
        params = dict(params)
        params["W"] = params["W"] / np.linalg.norm(params["W"])
        scale = params.pop("scale")
        return scale * np.mean(np.tanh(x @ params["W"]))

    return loss, ({"W": drawn(2, 3, 2), "scale": np.array(2.0)},)


@program()
def deeply_copied():
    """copy.deepcopy before everything is changed."""

    def loss(params):
        params = copy.deepcopy(params)
        for layer in params:
            layer["W"] += 1.0
            layer["norm"] = np.sum(layer["W"] ** 2)
        return sum(layer["norm"] for layer in params)

    return loss, ([{"W": drawn(1, 2)}, {"W": drawn(2, 3)}],)


@program()
def a_result_array():
    """Rows are computed one by one into an array made inside."""

    def loss(W, x):
        out = np.empty((len(x), W.shape[1]))
        for i, row in enumerate(x):
            out[i] = np.tanh(row @ W)
        return np.mean(out**2)

    return loss, (drawn(1, 3, 2), drawn(2, 5, 3))


@program()
def a_tape_of_its_own():
    """An object that remembers is made, filled and dropped within the call."""

    def loss(w):
        tape = Tape()
        h = tape.add(np.sin(w))
        tape.add(h**2)
        return sum(np.sum(node) for node in tape.nodes)

    return loss, (drawn(1, 3),)


@program()
def layers_made_inside():
    """Object-style layers around the argument's arrays: nothing outlives the call."""
    x = drawn(1, 5, 3)

    def loss(params):
        h = x
        for layer in [Layer(p["W"], p["b"]) for p in params]:
            h = layer(h)
        return np.sum(h**2)

    return loss, (
        [{"W": drawn(2, 3, 4), "b": drawn(3, 4)}, {"W": drawn(4, 4, 2), "b": drawn(5, 2)}],
    )


@program()
def a_generator_seeded_inside():
    """default_rng(0) is made at each call, and its numbers are the same."""
    x = drawn(1, 5, 3)

    def loss(w):
        rng = np.random.default_rng(0)
        return np.mean(((x + 0.1 * rng.standard_normal(x.shape)) @ w) ** 2)

    return loss, (drawn(2, 3),)


@program()
def python_randomness_seeded_inside():
    """random.Random(0), a generator of the function's own, shuffles a list of its own."""
    x = drawn(1, 8, 3)

    def loss(w):
        order = list(range(8))
        random.Random(0).shuffle(order)
        return np.mean((x[order[:4]] @ w) ** 2)

    return loss, (drawn(2, 3),)


@program()
def read_by_nditer():
    """An iterator over the argument that only reads."""

    def loss(W):
        total = 0.0
        for value in np.nditer(W):
            total += np.sum(value) ** 2
        return total

    return loss, (drawn(1, 2, 3),)


@program()
def a_read_only_view():
    """The loss protects itself: a view of the argument is made read-only."""

    def loss(w):
        view = w.view()
        view.flags.writeable = False
        return np.sum(view**2)

    return loss, (drawn(1, 3),)


@program()
def an_exception_caught():
    """Cholesky fails by design, and the loss goes another way."""

    def loss(w):
        matrix = np.diag(w) - 10 * np.eye(3)
        try:
            np.linalg.cholesky(matrix)
        except np.linalg.LinAlgError:
            return np.sum((matrix - np.eye(3)) ** 2)
        return 0.0

    return loss, (drawn(1, 3),)


@program()
def a_kinked_numpy_loss():
    """Hinge and absolute value: kinks, but no staircase."""
    x, t = drawn(1, 9, 3), np.sign(drawn(2, 9))

    def loss(w):
        return np.mean(np.maximum(0.0, 1.0 - t * (x @ w))) + 0.1 * np.sum(np.abs(w))

    return loss, (drawn(3, 3),)


@program()
def scalars_of_python():
    """Two Python floats and a loop over a list."""

    def loss(slope, offset):
        points = [(0.0, 1.0), (1.0, 3.0), (2.0, 4.5)]
        return sum((slope * x + offset - y) ** 2 for x, y in points)

    return loss, (1.5, 0.5)
