"""Functions made in loops that keep what they were made with, and loops inside the program."""

import functools

import jax
import jax.numpy as jnp
import numpy as np

from comparisons.measures.purity.programs.program import drawn, drawn_jax, program


@program()
def lambdas_with_defaults():
    """The default binds the loop's variable."""
    terms = [lambda w, power=power: jnp.sum(w**power) for power in (1, 2, 3)]
    return lambda w: sum(term(w) for term in terms), (drawn_jax(1, 3),)


@program()
def a_positional_encoding_with_defaults():
    """The embedding of the book on radiance fields, in NumPy, with its defaults."""
    embed_fns = []
    for freq in (1.0, 2.0):
        for p_fn in (np.sin, np.cos):
            embed_fns.append(lambda x, p_fn=p_fn, freq=freq: p_fn(x * freq))
    return lambda x: np.sum(np.stack([fn(x) for fn in embed_fns]) ** 3), (drawn(1, 4),)


@program()
def a_factory():
    """Each function has a cell of its own."""

    def power_of(power):
        return lambda w: jnp.sum(w**power)

    terms = [power_of(power) for power in (1, 2, 3)]
    return lambda w: sum(term(w) for term in terms), (drawn_jax(1, 3),)


@program()
def partials():
    """functools.partial binds the loop's variable."""

    def term(power, w):
        return np.sum(np.abs(w) ** power)

    terms = [functools.partial(term, power) for power in (1, 2, 3)]
    return lambda w: sum(term(w) for term in terms), (drawn(1, 3),)


@program()
def used_within_its_iteration():
    """The lambda reads the loop's variable and is called before the loop moves on."""

    def loss(w):
        total = 0.0
        for scale in (1.0, 2.0):
            term = lambda v: jnp.sum(jnp.sin(scale * v))  # noqa: B023, E731
            total = total + term(w)
        return total

    return loss, (drawn_jax(1, 3),)


@program()
def mapped_within_its_iteration():
    """The body of a scan is made anew at each turn of a Python loop."""

    def loss(w):
        h = w
        for length in (1, 2):

            def step(h, _):
                return jnp.tanh(h * w + length), None  # noqa: B023

            h, _ = jax.lax.scan(step, h, None, length=length)
        return jnp.sum(h)

    return loss, (drawn_jax(1, 3),)


@program()
def the_only_one_left():
    """Of the loop's functions one was kept, the last: what it reads is what it was made with."""
    for power in (1, 2, 3):

        def loss(w):
            return jnp.sum(jnp.abs(w) ** power)  # noqa: B023

    return loss, (drawn_jax(1, 3),)


@program()
def several_functions_of_one_cell():
    """Two functions share a variable that is no loop's."""
    scale = 2.0
    terms = [lambda w: scale * jnp.sum(w**2), lambda w: jnp.sum(jnp.cos(scale * w))]
    return lambda w: terms[0](w) + terms[1](w), (drawn_jax(1, 3),)


@program()
def loops_of_lax():
    """fori_loop and scan, one after the other."""

    def loss(w):
        h = jax.lax.fori_loop(0, 3, lambda n, h: jnp.sin(h) + 0.1 * n, w)
        h, _ = jax.lax.scan(lambda h, _: (jnp.tanh(h * w), None), h, None, length=2)
        return jnp.sum(h)

    return loss, (drawn_jax(1, 3),)


@program()
def an_associative_scan():
    """A prefix product by an operator of its own."""

    def loss(w):
        return jnp.sum(jax.lax.associative_scan(jnp.multiply, w) ** 2)

    return loss, (drawn_jax(1, 5),)


@program()
def a_branch_that_reads_each_leaf():
    """cond on the data: either branch reads one leaf of two."""
    x = drawn_jax(1, 3)

    def loss(params):
        branches = (
            lambda p: jnp.sum(jnp.sin(x * p["a"])),
            lambda p: jnp.sum(jnp.cos(x * p["b"])),
        )
        both = jax.vmap(lambda i: jax.lax.switch(i, branches, params))(jnp.array([0, 1]))
        return jnp.sum(both)

    return loss, ({"a": drawn_jax(2, 3), "b": drawn_jax(3, 3)},)


@program()
def a_generator_of_its_own():
    """A generator that is made and used up within the call."""

    def loss(w):
        def powers():
            value = w
            while True:
                yield value
                value = value * w

        return sum(jnp.sum(term) for term, _ in zip(powers(), range(3), strict=False))

    return loss, (drawn_jax(1, 3),)
