"""Mutation that stays inside the call, and Python's control flow over static values."""

import functools

import jax
import jax.numpy as jnp
import numpy as np

from comparisons.measures.purity.programs.program import drawn_jax, program


@program()
def a_local_list():
    """Hidden layers are appended to a list that the call makes."""
    x = drawn_jax(1, 5, 3)

    def loss(layers):
        hidden = [x]
        for W in layers:
            hidden.append(jnp.tanh(hidden[-1] @ W))
        return sum(jnp.mean(h**2) for h in hidden)

    return loss, ([drawn_jax(n, 3, 3) for n in range(2)],)


@program()
def a_local_counter():
    """nonlocal, but in the scope of the call."""

    def loss(w):
        calls = 0

        def term(n):
            nonlocal calls
            calls += 1
            return jnp.sum(w**n)

        return sum(term(n) for n in (1, 2, 3)) / calls

    return loss, (drawn_jax(1, 3),)


@program()
def at_set():
    """w.at[0].set gives a new array."""

    def loss(w):
        w = w.at[0].set(1.0)
        w = w.at[1:].multiply(2.0)
        return jnp.sum(w**2)

    return loss, (drawn_jax(1, 3),)


@program()
def a_mutable_array_of_its_own():
    """A reference made, written and read within the call."""

    def loss(w):
        total = jax.new_ref(jnp.zeros_like(w))
        for n in (1.0, 2.0):
            total[...] += jnp.sin(n * w)
        return jnp.sum(total[...])

    return loss, (drawn_jax(1, 3),)


@program()
def a_numpy_constant_written_inside():
    """A NumPy array is made and written in JAX code, from static numbers only."""

    def loss(W):
        weights = np.zeros(W.shape)
        weights[0] = 1.0
        weights[1:] += 1 / np.sqrt(W.shape[0])
        return jnp.sum(W * weights * np.pi) ** 2 / np.prod(W.shape)

    return loss, (drawn_jax(1, 3, 2),)


@program()
def a_numpy_matrix_times_a_tracer():
    """NumPy data on the left of @."""
    x = np.asarray(drawn_jax(1, 5, 3))
    return lambda w: jnp.mean((x @ w) ** 2), (drawn_jax(2, 3),)


@program()
def a_branch_on_the_shape():
    """if and while over shapes and dtypes, which are static."""

    def loss(W):
        size = W.shape[0]
        while size > 1:
            W = W[: size // 2] + W[size // 2 :]
            size //= 2
        if W.ndim == 2 and jnp.issubdtype(W.dtype, jnp.floating):
            W = W * float(np.sqrt(len(W)))
        return jnp.sum(W**2)

    return loss, (drawn_jax(1, 4, 3),)


@program()
def a_static_argument():
    """The number of steps is static, and loops in Python."""

    @functools.partial(jax.jit, static_argnums=1, static_argnames="mode")
    def loss(w, steps, mode):
        for _ in range(steps):
            w = jnp.sin(w) if mode == "sin" else jnp.cos(w)
        return jnp.sum(w)

    return lambda w: loss(w, 3, mode="sin"), (drawn_jax(1, 3),)


@program()
def recursion():
    """A tree of parameters, folded by a function that calls itself."""

    def total(tree):
        if isinstance(tree, tuple):
            left, right = tree
            return jnp.tanh(total(left)) + total(right) ** 2
        return jnp.sum(tree)

    return total, (((drawn_jax(1, 2), drawn_jax(2, 3)), jnp.array(0.4)),)


@program()
def an_exception_of_tracing_caught():
    """Asks whether the value is concrete, and manages without."""

    def loss(w):
        try:
            scale = {"a": 1.0}["b"]
        except KeyError:
            scale = 2.0
        return scale * jnp.sum(w**2)

    return loss, (drawn_jax(1, 3),)


@program()
def a_pure_callback():
    """NumPy on the host, of constants only, declared pure."""

    def loss(w):
        shape = jax.ShapeDtypeStruct((3,), w.dtype)
        weights = jax.pure_callback(lambda: np.arange(3, dtype=w.dtype) + 1, shape)
        return jnp.sum(weights * w**2)

    return loss, (drawn_jax(1, 3),)


@program()
def words_that_only_name_effects():
    """print, open and np.random.rand are mentioned in a text, and local names shadow them."""

    def loss(w):
        """Does not print(w), open("file") or call np.random.rand(3)."""
        note = "print(w); np.random.seed(0); global w"
        print = open = jnp.sum
        return print(w**2) + open(w) * len(note)

    return loss, (drawn_jax(1, 3),)


@program()
def checkpointed():
    """jax.checkpoint inside jit inside vmap."""
    block = jax.checkpoint(lambda W, x: jnp.tanh(W @ x))

    def loss(W, x):
        return jnp.mean(jax.vmap(jax.jit(block), (None, 0))(W, x) ** 2)

    return loss, (drawn_jax(1, 3, 3), drawn_jax(2, 5, 3))
