"""Captured values that jit froze and that have changed since."""

import functools

import jax
import jax.numpy as jnp

from purenet.purity import audit
from tests.purity.found import found, line, places

p = jnp.ones(3)


class Model:
    def __init__(self):
        self.scale = 2.0

    @functools.partial(jax.jit, static_argnums=0)
    def loss(self, p):
        return self.scale * jnp.sum(p)  # frozen


def test_an_attribute_that_changed_after_the_trace():
    model = Model()
    model.loss(p)
    model.scale = 3.0
    assert found(model.loss, p) == {("stale-capture", "self.scale")}
    assert places(model.loss, p) == {"stale-capture": line(Model, "# frozen")}
    assert audit(model.loss, p).findings[0].evidence == {
        "value it gives": 6.0,
        "value its source gives now": 9.0,
        "self.scale now": 3.0,
    }


def test_a_value_that_did_not_change():
    model = Model()
    model.loss(p)
    assert audit(model.loss, p).ok


def test_a_value_that_changed_before_the_first_trace():
    model = Model()
    model.scale = 3.0
    assert audit(model.loss, p).ok


def test_the_frozen_program_stays_as_it_is():
    model = Model()
    model.loss(p)
    model.scale = 3.0
    audit(model.loss, p)
    assert model.loss(p) == 6.0


def test_objects_that_make_up_any_attribute_are_not_asked():
    class Dictionary(dict):
        __getattr__ = dict.__getitem__

    config = Dictionary(scale=2.0)
    assert audit(lambda p: config.scale * jnp.sum(p), p).ok
