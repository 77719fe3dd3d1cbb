"""Losses of other people's libraries with nothing to find: ``python -m tests.clients.losses``.

Where the packages lie says nothing of whose they are: run it with PYTHONPATH at another folder.
"""

from collections.abc import Callable
from importlib.util import find_spec

import jax
import jax.numpy as jnp

import purenet

x = jnp.linspace(-1.0, 1.0, 15).reshape(5, 3)


def flax_linen() -> tuple[Callable, tuple]:
    """A linen module with batch normalisation, whose new statistics are dropped."""
    from flax import linen

    class Net(linen.Module):
        @linen.compact
        def __call__(self, x):
            x = linen.BatchNorm(use_running_average=False)(linen.Dense(4)(x))
            return linen.Dense(2)(jnp.tanh(x))

    net = Net()
    variables = net.init(jax.random.key(0), x)

    def loss(params):
        variables_ = {"params": params, "batch_stats": variables["batch_stats"]}
        out, _ = net.apply(variables_, x, mutable=["batch_stats"])
        return jnp.mean(out**2)

    return loss, (variables["params"],)


def flax_nnx() -> tuple[Callable, tuple]:
    """An nnx module split into graph and state, and merged inside the loss."""
    from flax import nnx

    class Net(nnx.Module):
        def __init__(self, rngs):
            self.first, self.last = nnx.Linear(3, 4, rngs=rngs), nnx.Linear(4, 2, rngs=rngs)

        def __call__(self, x):
            return self.last(jnp.tanh(self.first(x)))

    graph, state = nnx.split(Net(nnx.Rngs(0)))
    return lambda state: jnp.mean(nnx.merge(graph, state)(x) ** 2), (state,)


def flax_nnx_jitted() -> tuple[Callable, tuple]:
    """nnx.jit, which puts other arrays of equal content into the module that it is given."""
    from flax import nnx

    @nnx.jit
    def loss(net):
        return jnp.mean(net(x) ** 2)

    return loss, (nnx.Linear(3, 4, rngs=nnx.Rngs(0)),)


def equinox() -> tuple[Callable, tuple]:
    """An MLP filtered by its arrays, with layer normalisation."""
    import equinox as eqx

    mlp = eqx.nn.Sequential([
        eqx.nn.MLP(3, 4, 8, 2, key=jax.random.key(0)), eqx.nn.LayerNorm(4),
        eqx.nn.Linear(4, 2, key=jax.random.key(1)),
    ])  # fmt: skip
    params, static = eqx.partition(mlp, eqx.is_inexact_array)

    @eqx.filter_jit
    def loss(params, x):
        return jnp.mean(jax.vmap(eqx.combine(params, static))(x) ** 2)

    return loss, (params, x)


def haiku() -> tuple[Callable, tuple]:
    """hk.transform with a key for dropout."""
    import haiku as hk

    def forward(x):
        x = jnp.tanh(hk.Linear(4)(x))
        return hk.Linear(2)(hk.dropout(hk.next_rng_key(), 0.5, x))

    net = hk.transform(forward)
    params = net.init(jax.random.key(0), x)
    return lambda params, key: jnp.mean(net.apply(params, key, x) ** 2), (
        params,
        jax.random.key(1),
    )


def optax() -> tuple[Callable, tuple]:
    """A step of Adam inside, and losses of optax."""
    import optax

    optimizer, labels = optax.adam(0.1), jnp.array([0, 1, 1, 0, 1])

    def inner(w):
        return jnp.mean(optax.losses.softmax_cross_entropy_with_integer_labels(x @ w, labels))

    def loss(w):
        updates, _ = optimizer.update(jax.grad(inner)(w), optimizer.init(w), w)
        return inner(optax.apply_updates(w, updates))

    return loss, (jnp.linspace(0.1, 0.6, 6).reshape(3, 2),)


def diffrax() -> tuple[Callable, tuple]:
    """The end of a neural differential equation."""
    import diffrax

    def loss(W):
        term = diffrax.ODETerm(lambda t, y, args: jnp.tanh(args @ y))
        end = diffrax.diffeqsolve(
            term, diffrax.Tsit5(), 0.0, 1.0, 0.1, jnp.array([1.0, 0.5]), args=W
        )
        return jnp.sum(end.ys**2)

    return loss, (jnp.array([[0.3, -0.2], [0.5, 0.1]]),)


def optimistix() -> tuple[Callable, tuple]:
    """A root that depends on the parameter."""
    import optimistix

    solver = optimistix.Newton(rtol=1e-6, atol=1e-6)

    def loss(a):
        found = optimistix.root_find(lambda y, args: y**3 - args, solver, jnp.array(1.0), args=a)
        return found.value**2

    return loss, (jnp.array(2.0),)


def numpyro() -> tuple[Callable, tuple]:
    """The potential of a linear regression."""
    import numpyro
    import numpyro.distributions as dist
    from numpyro.infer.util import log_density

    t = jnp.array([0.1, 0.4, -0.3, 0.2, 0.6])

    def model(x, t):
        w = numpyro.sample("w", dist.Normal(jnp.zeros(3), 1.0).to_event(1))
        numpyro.sample("t", dist.Normal(x @ w, 0.5), obs=t)

    def loss(params):
        value, _ = log_density(model, (x, t), {}, params)
        return -value

    return loss, ({"w": jnp.array([0.2, -0.1, 0.3])},)


LOSSES = [
    flax_linen, flax_nnx, flax_nnx_jitted, equinox, haiku, optax, diffrax, optimistix, numpyro,
]  # fmt: skip


def is_installed(made: Callable) -> bool:
    """Whether the library that a loss is named after is there."""
    return find_spec(made.__name__.split("_")[0]) is not None


if __name__ == "__main__":
    for made in filter(is_installed, LOSSES):
        loss, args = made()
        report = purenet.audit(loss, *args)
        print(made.__name__, "ok" if report.ok else report, f"{report.seconds:.2f} s")
