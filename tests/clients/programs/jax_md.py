"""Losses with JAX MD: energies in periodic boxes, and a simulation that is differentiated."""

import jax
import jax.numpy as jnp

from tests.clients.case import Case, changed

POSITIONS = jnp.array([[0.2, 0.3], [1.3, 0.4], [0.6, 1.5], [1.7, 1.8]])


def soft_sphere() -> Case:
    """The energy of spheres in a periodic box; the mistake: the forces, which are its negative."""
    from jax_md import energy, space

    displacement, _ = space.periodic(2.0)
    loss = energy.soft_sphere_pair(displacement, sigma=1.2)
    return Case(loss, (POSITIONS,), changed(loss, "", jnp.negative), "")


def lennard_jones() -> Case:
    """Its parameters fitted to an energy: NaN by JAX MD, which masks what it divides by zero.

    Each particle is at distance zero from itself, and the mask comes after the division.
    """
    from jax_md import energy, space

    displacement, _ = space.free()

    def loss(params, positions):
        of = energy.lennard_jones_pair(displacement, **params)
        return (of(positions) + 1.0) ** 2

    params = {"sigma": jnp.array(0.9), "epsilon": jnp.array(0.7)}
    return Case(loss, (params, POSITIONS), jax.grad(loss), "", "disagrees")


def morse() -> Case:
    """The forces of a potential well; the mistake: a particle's force on itself left in."""
    from jax_md import energy, space

    displacement, _ = space.free()

    def loss(positions):
        return energy.morse_pair(displacement, sigma=1.1, epsilon=0.7, alpha=2.0)(positions)

    def mistake(positions):
        return jax.grad(loss)(positions) * jnp.array([[2.0], [1.0], [1.0], [1.0]])

    return Case(loss, (POSITIONS,), mistake, "positions")


def simulation() -> Case:
    """Steps of constant energy; the mistake: the last step's share taken for all."""
    from jax_md import energy, simulate, space

    displacement, shift = space.periodic(2.0)

    def loss(params, positions, key):
        of = energy.soft_sphere_pair(displacement, sigma=params["sigma"])
        start, step = simulate.nve(of, shift, dt=0.05)
        state = start(key, positions, kT=0.1)
        state = jax.lax.fori_loop(0, 3, lambda _, state: step(state), state)
        return jnp.mean((state.position - positions) ** 2) + params["bias"] ** 2

    params = {"sigma": jnp.array(1.2), "bias": jnp.array(0.3)}
    mistake = changed(loss, "sigma", lambda g: g / 3)
    return Case(loss, (params, POSITIONS, jax.random.key(0)), mistake, "sigma")


LOSSES = [soft_sphere, lennard_jones, morse, simulation]
