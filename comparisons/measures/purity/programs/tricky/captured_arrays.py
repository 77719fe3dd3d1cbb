"""Captured on purpose: data, hyper-parameters, targets, even in the shape of a parameter."""

import functools
from dataclasses import dataclass, field
from types import SimpleNamespace

import jax
import jax.numpy as jnp
import numpy as np

from comparisons.measures.purity.programs.program import drawn, drawn_jax, program

CONFIG = {"l2": 0.1, "mean": drawn(0, 3)}


@dataclass(frozen=True)
class Settings:
    decay: float = 0.01
    sizes: tuple[int, ...] = (3, 2)
    names: dict = field(default_factory=dict)


class Regression:
    def __init__(self, x, t):
        self.x = x
        self.t = t
        self.training = False
        self.calls = 0

    def predict(self, params):
        """What is counted in training is not counted now."""
        if self.training:
            self.calls += 1
        return self.x @ params["W"] + params["b"]

    def loss(self, params):
        """The mean squared error on the data of the object."""
        return jnp.mean((self.predict(params) - self.t) ** 2)


@program()
def a_target_of_the_parameters_shape():
    """What is captured has the shape of W and is no parameter."""
    target = drawn_jax(1, 3, 2)
    return lambda W: jnp.sum((W - target) ** 2), (drawn_jax(2, 3, 2),)


@program()
def a_numpy_target_of_the_parameters_shape():
    """The same in NumPy."""
    target = drawn(1, 3, 2)
    return lambda W: np.sum((W - target) ** 2), (drawn(2, 3, 2),)


@program()
def a_teacher():
    """Distillation: the teacher's parameters, of the student's very form, are captured."""
    teacher = {"W": drawn_jax(1, 3, 2), "b": drawn_jax(2, 2)}
    x = drawn_jax(3, 5, 3)

    def scores(params):
        return jax.nn.log_softmax(x @ params["W"] + params["b"])

    def loss(student):
        return -jnp.mean(jnp.sum(jnp.exp(scores(teacher)) * scores(student), axis=1))

    return loss, ({"W": drawn_jax(4, 3, 2), "b": drawn_jax(5, 2)},)


@program()
def an_anchor_equal_to_the_parameters():
    """Elastic weights: the anchor starts as a copy, equal in every number."""
    params = {"W": drawn(1, 3, 2), "b": drawn(2, 2)}
    anchor = {name: value.copy() for name, value in params.items()}
    x, t = drawn(3, 5, 3), drawn(4, 5, 2)

    def loss(params):
        penalty = sum(np.sum((params[name] - anchor[name]) ** 2) for name in anchor)
        return np.mean((x @ params["W"] + params["b"] - t) ** 2) + 0.1 * penalty

    return loss, (params,)


@program()
def the_data_of_an_object():
    """A bound method reads self.x and self.t, and a counter that is switched off."""
    model = Regression(drawn_jax(1, 5, 3), drawn_jax(2, 5, 2))
    return model.loss, ({"W": drawn_jax(3, 3, 2), "b": drawn_jax(4, 2)},)


@program()
def a_global_dictionary_of_constants():
    """Numbers and an array of the module, only read."""

    def loss(w, x):
        return np.mean(((x - CONFIG["mean"]) @ w) ** 2) + CONFIG["l2"] * np.sum(w**2)

    return loss, (drawn(1, 3), drawn(2, 5, 3))


@program()
def a_frozen_dataclass_of_settings():
    """Static configuration in a closure of a jitted loss."""
    settings = Settings()

    @jax.jit
    def loss(W):
        assert W.shape == settings.sizes
        return settings.decay * jnp.sum(W**2) + jnp.mean(jnp.sin(W))

    return loss, (drawn_jax(1, 3, 2),)


@program()
def a_namespace_that_changes_before_the_first_call():
    """The settings are completed after the loss is made and before it is traced."""
    options = SimpleNamespace(scale=1.0)

    @jax.jit
    def loss(w):
        return options.scale * jnp.sum(w**2)

    options.scale = 2.0
    return loss, (drawn_jax(1, 3),)


@program()
def traced_before_with_what_it_still_captures():
    """Jitted and called before; something else has changed since, that it never reads."""
    options = {"scale": 2.0, "verbose": False}
    w = drawn_jax(1, 3)

    @jax.jit
    def loss(w):
        return options["scale"] * jnp.sum(jnp.cosh(w))

    loss(w)
    options["verbose"] = True
    return loss, (w,)


@program()
def a_quiet_loss():
    """It would print, log and count if it were verbose."""
    verbose, history = False, []

    def loss(w):
        value = np.sum(w**2)
        if verbose:
            print("loss", value)
            history.append(value)
        return value

    return loss, (drawn(1, 3),)


@program()
def a_partial_of_data():
    """functools.partial binds the data, by keyword."""

    def loss(w, x, t):
        return jnp.mean((x @ w - t) ** 2)

    return functools.partial(loss, x=drawn_jax(1, 5, 3), t=drawn_jax(2, 5)), (drawn_jax(3, 3),)


@program()
def a_default_that_is_data():
    """The mean is bound as a default and has the shape of the parameter."""
    mean = drawn_jax(1, 3)

    def loss(w, mean=mean):
        return jnp.sum((w - mean) ** 4)

    return loss, (drawn_jax(2, 3),)


@program()
def an_object_shared_by_two_losses():
    """Another loss writes to the object; the one that is audited only reads it."""
    model = Regression(drawn_jax(1, 5, 3), drawn_jax(2, 5, 2))

    def other(params):
        model.calls += 1
        return model.loss(params)

    def loss(params):
        return model.loss(params) if callable(other) else 0.0

    return loss, ({"W": drawn_jax(3, 3, 2), "b": drawn_jax(4, 2)},)
