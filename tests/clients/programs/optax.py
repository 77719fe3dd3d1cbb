"""Losses with optax: its loss functions, and a step of an optimizer inside."""

import jax
import jax.numpy as jnp

from tests.clients.case import LABELS, Case, X, changed, dense, mlp

WEIGHTS = jnp.linspace(0.1, 0.6, 6).reshape(3, 2)


def huber() -> Case:
    """The mistake: not clipped, the gradient of the square beyond delta too."""
    import optax

    def loss(w):
        return jnp.sum(optax.losses.huber_loss(w, jnp.zeros(3), delta=0.5))

    return Case(loss, (jnp.array([0.2, 0.9, -1.4]),), lambda w: w, "w")


def step_of_adam() -> Case:
    """A step of Adam inside; the mistake: the step held constant.

    With a small eps the first step is the sign of the gradient, and rightly has no derivative.
    """
    import optax

    optimizer = optax.adam(0.1, eps=0.1)

    def inner(w):
        return jnp.mean(optax.losses.softmax_cross_entropy_with_integer_labels(X @ w, LABELS))

    def stepped(w, hold):
        updates, _ = optimizer.update(jax.grad(inner)(w), optimizer.init(w), w)
        return inner(optax.apply_updates(w, hold(updates)))

    def loss(w):
        return stepped(w, lambda updates: updates)

    def held(w):
        return stepped(w, jax.lax.stop_gradient)

    return Case(loss, (WEIGHTS,), jax.grad(held), "w")


def ctc() -> Case:
    """The mistake: the gradient with respect to log-probabilities taken for that of logits."""
    import optax

    logits = jnp.sin(jnp.arange(24.0)).reshape(1, 6, 4)
    padded, labels = jnp.zeros((1, 6)), jnp.array([[1, 2, 3]])

    def loss(logits):
        return jnp.sum(optax.ctc_loss(logits, padded, labels, jnp.zeros((1, 3))))

    def mistake(logits):
        return jax.grad(loss)(logits) - jax.nn.softmax(logits)

    return Case(loss, (logits,), mistake, "logits")


def ntxent() -> Case:
    """A contrastive loss; the mistake: the temperature left out."""
    import optax

    params = dense(0, 3, 4, 2)
    labels = jnp.array([0, 0, 1, 1, 2, 2])
    x = jnp.sin(jnp.arange(18.0)).reshape(6, 3)

    def loss(params, x):
        return optax.losses.ntxent(mlp(params, x), labels, temperature=0.5)

    return Case(loss, (params, x), changed(loss, "", lambda g: g / 2), "")


def focal() -> Case:
    """Weighted by its own probability; the mistake: the weight held constant."""
    import optax

    def loss(w, x, labels):
        return jnp.mean(optax.losses.sigmoid_focal_loss((x @ w)[:, 0], labels, gamma=2.0))

    def held(w, x, labels):
        logits = (x @ w)[:, 0]
        p = jax.nn.sigmoid(logits)
        weight = jax.lax.stop_gradient(jnp.where(labels == 1, 1 - p, p) ** 2)
        return jnp.mean(weight * optax.losses.sigmoid_binary_cross_entropy(logits, labels))

    return Case(loss, (WEIGHTS[:, :1], X, LABELS * 1.0), jax.grad(held), "w")


LOSSES = [huber, step_of_adam, ctc, ntxent, focal]
