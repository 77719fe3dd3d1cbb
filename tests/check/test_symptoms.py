"""The guide's table of symptoms: purenet says of each what the table says that it says."""

import itertools
import re
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import purenet

pytestmark = pytest.mark.full

GUIDE = Path(purenet.__file__).parent / "check" / "README.md"
ROWS = re.findall(r"^\| (.+?) \| `(.+?)`[^|]*\| .+ \|$", GUIDE.read_text("utf-8"), re.MULTILINE)


class Net:
    def __init__(self):
        self.W = np.array([1.0, 2.0])

    def loss(self):
        return jnp.sum(self.W**2)


net = Net()


@jax.custom_vjp
def f(x):
    return jnp.sin(x)


def f_backward(x, g):
    return (2 * g * jnp.cos(x),)


f.defvjp(lambda x: (f(x), x), f_backward)
calls = itertools.count()
noise = np.random.default_rng(0)

SHOWN = {
    "the loss never reads a parameter": (lambda W: net.loss(), net.W),
    "a parameter is read through `argmax`, `round` or a cast": (
        lambda w: jnp.argmax(w) * 1.0,
        jnp.array([2.0, 1.0]),
    ),
    "a custom rule is wrong": (lambda w: jnp.sum(f(w)), jnp.ones(3)),
    "`where` guards a function outside its domain": (
        lambda w: jnp.sum(jnp.where(w > 0, jnp.log(w), 0.0)),
        jnp.array([0.0, 1.0]),
    ),
    "two calls differ": (lambda w: jnp.sum(w) * (1.0 + next(calls)), jnp.ones(3)),
    "integer parameters": (lambda w: jnp.sum(w), jnp.array([1, 2])),
    "draws of a gamma, beta, Dirichlet or Student's t distribution depend on a parameter": (
        lambda a: jnp.sum(jax.random.gamma(jax.random.key(0), a)),
        jnp.array([0.7, 2.0]),
    ),
    "a very noisy loss, such as NumPy code in float16": (
        lambda w: float(np.sum(np.tanh(w.astype(np.float16)) ** 2)),
        np.array([0.3, 0.7]),
        lambda w: 2 * np.tanh(w) / np.cosh(w) ** 2,
    ),
    "more parameters than the budget allows": (
        lambda w: jnp.sum(jnp.tanh(w) ** 2),
        jnp.linspace(0.1, 1.0, 200_000),
    ),
}


def test_every_row_is_shown():
    assert [symptom for symptom, _ in ROWS] == list(SHOWN)


@pytest.mark.parametrize(("symptom", "says"), ROWS, ids=[symptom for symptom, _ in ROWS])
def test_purenet_says_what_the_table_says(symptom, says):
    loss, params, *given = SHOWN[symptom]
    gradient = {"gradient": given[0]} if given else {}
    try:
        said = str(purenet.compare_grads(loss, params, budget=0.05, **gradient))
    except TypeError as refused:
        said = str(refused)
    words = re.escape(says).replace(r"\.\.\.", ".+").replace(re.escape("file.py:3"), r"\S+:\d+")
    assert re.search(words, said.replace("`", "")), said
