"""Functions made in a loop that all read the loop's last variable."""

import functools

import jax.numpy as jnp
import numpy as np

from comparisons.measures.purity.programs.program import drawn, drawn_jax, program

HEADS = {}


class Heads:
    def __init__(self, powers):
        self.terms = []
        for power in powers:

            def term(w):
                return jnp.sum(jnp.abs(w) ** power)

            self.terms.append(term)

    def loss(self, w):
        return sum(term(w) for term in self.terms)


@program(("late-binding", "power"))
def a_sum_of_lambdas():
    """Three powers were meant, the last is taken three times."""
    terms = []
    for power in (1, 2, 3):
        terms.append(lambda w: jnp.sum(w**power))

    def loss(w):
        return sum(term(w) for term in terms)

    return loss, (drawn_jax(1, 3),)


@program(("late-binding", "k"))
def a_comprehension():
    """The same in one line, in NumPy."""
    terms = [lambda w: np.sum(np.sin(k * w)) for k in (1.0, 2.0)]
    return lambda w: terms[0](w) - 0.5 * terms[1](w), (drawn(1, 3),)


@program(("late-binding", "p_fn"), ("late-binding", "freq"))
def a_positional_encoding():
    """Lambdas over functions and frequencies, without the defaults that would bind them."""
    embed_fns = []
    for freq in (1.0, 2.0):
        for p_fn in (np.sin, np.cos):
            embed_fns.append(lambda x: p_fn(x * freq))

    def loss(x):
        return np.sum(np.stack([fn(x) for fn in embed_fns]) ** 3)

    return loss, (drawn(1, 4),)


@program(("late-binding", "target"))
def a_dictionary_of_losses():
    """One loss a task, by its name; the tasks all pull to the same target."""
    tasks = {}
    for name, target in {"left": -1.0, "right": 1.0}.items():

        def loss_of(w):
            return jnp.mean((w - target) ** 2)

        tasks[name] = loss_of

    def loss(w):
        return tasks["left"](w) + 2 * tasks["right"](w)

    return loss, (drawn_jax(1, 3),)


@program(("late-binding", "power"))
def methods_kept_in_a_list():
    """The functions live in an attribute of an object, the loop was in its __init__."""
    return Heads((2, 4)).loss, (drawn_jax(1, 3),)


@program(("late-binding", "scale"))
def one_of_several_registered():
    """What is differentiated is one of the lambdas; its siblings live in a global registry."""
    HEADS.clear()
    for name, scale in (("a", 1.0), ("b", 3.0)):
        HEADS[name] = lambda w: scale * jnp.sum(w**2)
    return HEADS["a"], (drawn_jax(1, 3),)


@program(("late-binding", "width"))
def behind_partial():
    """partial binds another argument, not the one that the loop changes."""
    kernels = []
    for width in (0.5, 1.0, 2.0):

        def kernel(centre, w):
            return np.exp(-np.sum((w - centre) ** 2) / width)

        kernels.append(functools.partial(kernel, 0.1))

    def loss(w):
        return -sum(kernel(w) for kernel in kernels)

    return loss, (drawn(1, 3),)
