"""The pure twins: each layer a function of its parameters and its inputs; jax.vjp goes backward."""

import jax
import jax.numpy as jnp
from jax import lax


def affine(params, x):
    """x W + b."""
    return x.reshape(len(x), -1) @ params["W"] + params["b"]


def sigmoid(params, x):
    """The logistic function."""
    del params
    return jax.nn.sigmoid(x)


def relu(params, x):
    """The positive part."""
    del params
    return jax.nn.relu(x)


def softmax_with_loss(t, delta=1e-7):
    """The mean cross-entropy of scores and labels, with the book's 1e-7 in the logarithm."""

    def loss(params, x):
        del params
        y = jax.nn.softmax(x)
        return -jnp.mean(jnp.log(y[jnp.arange(len(t)), t] + delta))

    return loss


def batch_normalization(params, x):
    """Each column to mean zero and deviation one, then scaled and shifted."""
    centred = x - x.mean(axis=0)
    return params["gamma"] * centred / jnp.sqrt(x.var(axis=0) + 10e-7) + params["beta"]


def dropout(mask):
    """What a mask lets through."""

    def masked(params, x):
        del params
        return x * mask

    return masked


def convolution(stride, pad):
    """A convolution of (N, C, H, W) with filters (FN, C, FH, FW)."""

    def convolve(params, x):
        out = lax.conv_general_dilated(x, params["W"], (stride, stride), [(pad, pad)] * 2)
        return out + params["b"][:, None, None]

    return convolve


def pooling(size, stride):
    """The largest element of every window."""
    window, strides = (1, 1, size, size), (1, 1, stride, stride)

    def pool(params, x):
        del params
        return lax.reduce_window(x, -jnp.inf, lax.max, window, strides, "VALID")

    return pool


def rnn(params, x, h):
    """One step of a recurrent layer."""
    return jnp.tanh(h @ params["Wh"] + x @ params["Wx"] + params["b"])


def time_rnn(params, xs):
    """The same step at each time, from a state of zeros."""

    def step(h, x):
        h = rnn(params, x, h)
        return h, h

    start = jnp.zeros((xs.shape[0], params["Wh"].shape[0]), xs.dtype)
    return lax.scan(step, start, xs.swapaxes(0, 1))[1].swapaxes(0, 1)


def lstm(params, x, h, c):
    """One step of an LSTM: the next state and the next memory."""
    f, g, i, o = jnp.split(x @ params["Wx"] + h @ params["Wh"] + params["b"], 4, axis=1)
    c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
    return jax.nn.sigmoid(o) * jnp.tanh(c), c
