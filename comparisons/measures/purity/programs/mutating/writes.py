"""Losses that write into what they were given."""

import jax
import jax.numpy as jnp
import numpy as np

from comparisons.measures.purity.programs.program import drawn, drawn_jax, program


@program(("mutates-argument", "W"))
def weight_decay_in_place():
    """The weights shrink with every evaluation."""
    x = drawn(1, 5, 3)

    def loss(W):
        W *= 0.99
        return np.mean(np.tanh(x @ W) ** 2)

    return loss, (drawn(2, 3, 2),)


@program(("mutates-argument", "batch['x']"))
def data_normalised_in_place():
    """The batch, which is not a parameter, is centred in place."""

    def loss(w, batch):
        x = batch["x"]
        x -= 0.5 * x.mean(axis=0)
        return np.mean((x @ w - batch["t"]) ** 2)

    return loss, (drawn(1, 3), {"x": drawn(2, 5, 3) + 1, "t": drawn(3, 5)})


@program(("mutates-argument", "w"))
def perturbed_and_restored():
    """The sharpness of the minimum: w is moved, the loss taken, and w moved back."""
    x = drawn(1, 5, 3)

    def loss(w):
        before = np.mean((x @ w) ** 2)
        saved = w[0]
        w[0] = saved + 0.5
        after = np.mean((x @ w) ** 2)
        w[0] = saved
        return before + max(before, after)

    return loss, (drawn(2, 3),)


@program(("mutates-argument", "params['W']"))
def written_through_a_view():
    """The flattened matrix is a view; the smallest weights are pruned in it."""
    x = drawn(1, 5, 3)

    def loss(params):
        flat = params["W"].reshape(-1)
        flat[np.argmin(np.abs(flat))] = 0.25
        return np.mean((x @ params["W"] + params["b"]) ** 2)

    return loss, ({"W": drawn(2, 3, 2), "b": drawn(3, 2)},)


@program(("mutates-argument", "w"))
def clipped_with_out():
    """numpy.clip writes into the array named by out."""
    x = drawn(1, 5, 3)

    def loss(w):
        np.clip(w, -0.5, 0.5, out=w)
        return np.sum((x @ w) ** 2)

    return loss, (drawn(2, 3),)


@program(("mutates-argument", "x"))
def sorted_in_place():
    """x.sort() where numpy.sort(x) was meant."""

    def loss(w, x):
        x.sort()
        return np.sum(w * x)

    return loss, (drawn(1, 6), drawn(2, 6))


@program(("mutates-argument", "history"))
def an_argument_that_grows():
    """The caller's list gets one more entry a call."""

    def loss(w, history):
        value = float(np.sum(w**2))
        history.append(value)
        return value

    return loss, (drawn(1, 3), [])


@program(("mutates-argument", "params['layers'][1]['b']"))
def one_bias_of_a_nest():
    """One leaf of four is written to, by +=."""
    x = drawn(1, 5, 3)

    def loss(params):
        h = x
        for index, layer in enumerate(params["layers"]):
            bias = layer["b"]
            if index == 1:
                bias += 0.125
            h = np.tanh(h @ layer["W"] + bias)
        return np.sum(h**2)

    sizes = [(3, 4), (4, 2)]
    layers = [{"W": drawn(n, n, m), "b": drawn(m, m)} for n, m in sizes]
    return loss, ({"layers": layers},)


@program(("mutates-argument", None))
def a_leaf_replaced_in_the_callers_dictionary():
    """JAX arrays cannot be written to; the dictionary that holds them can."""
    x, mask = drawn_jax(1, 5, 3), jnp.array([1.0, 0.5, 1.0])

    def loss(params):
        params["w"] = params["w"] * mask
        return jnp.mean((x @ params["w"]) ** 2)

    return loss, ({"w": drawn_jax(2, 3)},)


@program(("mutates-argument", None))
def a_leaf_taken_out_of_the_callers_dictionary():
    """pop: the second call finds no temperature."""
    x = drawn_jax(1, 5, 3)

    def loss(params):
        temperature = params.pop("temperature")
        return jnp.mean(jax.nn.softplus(x @ params["w"] / temperature))

    return loss, ({"w": drawn_jax(2, 3), "temperature": jnp.array(2.0)},)


@program(("mutates-argument", "w"))
def a_write_that_hides_behind_try():
    """Where the array cannot be written to, no one will know."""
    x = drawn(1, 5, 3)

    def loss(w):
        try:
            w *= 0.5
        except ValueError:
            w = w * 0.5
        return np.sum((x @ w) ** 2)

    return loss, (drawn(2, 3),)


@program(("mutates-argument", "t"))
def labels_repaired_in_place():
    """The labels are integers: no parameter, not even a float."""
    x = drawn(1, 5, 3)

    def loss(W, t):
        t[t < 0] = 0
        scores = x @ W
        return np.mean(np.log(np.sum(np.exp(scores), axis=1)) - scores[np.arange(5), t])

    return loss, (drawn(2, 3, 2), np.array([0, -1, 1, 1, -1]))


@program(("mutates-argument", "W"))
def through_nditer():
    """The loop of the book: an iterator with readwrite, here to soften the weights."""

    def loss(W):
        it = np.nditer(W, flags=["multi_index"], op_flags=[["readwrite"]])
        while not it.finished:
            W[it.multi_index] = np.tanh(W[it.multi_index])
            it.iternext()
        return np.sum(W**2)

    return loss, (drawn(1, 2, 3),)


@program(("mutates-argument", "x"))
def numpy_data_of_a_jax_loss():
    """Traced, -= makes a new array; called with NumPy data, it writes into them."""

    def loss(W, x):
        x -= 0.5 * x.mean(axis=0)
        return jnp.mean(jnp.tanh(x @ W) ** 2)

    return loss, (drawn_jax(1, 3, 2), np.asarray(drawn_jax(2, 5, 3) + 1).copy())
