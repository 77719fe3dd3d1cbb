"""Losses with e3nn-jax: equivariant features of points."""

import jax
import jax.numpy as jnp

from tests.clients.case import Case, changed

POINTS = jax.random.normal(jax.random.key(0), (3, 3))


def spherical_harmonics() -> Case:
    """Forces from features of points; the mistake: the sign of a force."""
    import e3nn_jax as e3nn

    weights = jnp.linspace(0.1, 0.9, 9)

    def loss(points):
        features = e3nn.spherical_harmonics("0e + 1o + 2e", points, normalize=True)
        return jnp.sum(jnp.tanh(features.array @ weights))

    return Case(loss, (POINTS,), changed(loss, "", jnp.negative), "points")


def tensor_product() -> Case:
    """Two features multiplied, and mixed by a linear layer; the mistake: a path left out."""
    import e3nn_jax as e3nn

    linear = e3nn.flax.Linear("0e + 1o")

    def loss(params, points):
        features = e3nn.spherical_harmonics("0e + 1o", points, normalize=False)
        mixed = linear.apply(params, e3nn.tensor_product(features, features))
        return jnp.mean((mixed.array - 0.2) ** 2)

    features = e3nn.spherical_harmonics("0e + 1o", POINTS, normalize=False)
    params = linear.init(jax.random.key(1), e3nn.tensor_product(features, features))

    def mistake(params, points):
        g = jax.grad(loss)(params, points)
        paths = jax.tree.leaves_with_path(g)
        first = jax.tree_util.keystr(paths[0][0])
        return jax.tree.map_with_path(
            lambda path, g: jnp.zeros_like(g) if jax.tree_util.keystr(path) == first else g, g
        )

    return Case(loss, (params, POINTS), mistake, r"w\[0,0\]")


def gate() -> Case:
    """A gated layer and a radial function; the mistake: the cutoff's gradient held constant."""
    import e3nn_jax as e3nn

    def energy(points, hold):
        between = points[:, None] - points[None]
        between = between[jnp.array([0, 0, 1]), jnp.array([1, 2, 2])]
        length = jnp.linalg.norm(between, axis=-1)
        radial = e3nn.bessel(length, 2, 4.0) * hold(e3nn.poly_envelope(5, 2)(length / 4.0))[:, None]
        features = e3nn.spherical_harmonics("0e + 0e + 1o", between, normalize=True)
        gated = e3nn.gate(e3nn.IrrepsArray("2x0e + 1o", features.array))
        return jnp.sum(gated.array**2 * jnp.sum(radial, -1, keepdims=True))

    def loss(points):
        return energy(points, lambda cut: cut)

    def held(points):
        return energy(points, jax.lax.stop_gradient)

    return Case(loss, (POINTS,), jax.grad(held), "points")


LOSSES = [spherical_harmonics, tensor_product, gate]
