"""Every tool on one network: how long all coordinates take it, sampled where that is too long."""

from collections.abc import Callable
from functools import partial
from time import perf_counter
from typing import Any, NamedTuple
from warnings import catch_warnings, simplefilter

import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree

from comparisons.exhibits.two_layer_net.mutating import TwoLayerNet, numerical_gradient
from comparisons.measures.speed.libraries import Jax, Numpy, Torch
from comparisons.measures.speed.networks import Network
from purenet import compare_grads, fd
from purenet.check.report import GradientReport

INCREMENTAL = "fd.grad"
VMAPPED = "vmapped"
LOOP = "mutating loop"
SCIPY = "scipy 3-point"
TORCH = "torch gradcheck"
NUMDIFFTOOLS = "numdifftools"

_PATIENCE = 1.0  # seconds after which a slow tool is stopped, and its time scaled
_CHUNKS = (16, 64, 256)  # coordinates at a time of the vmapped form; the fastest counts
_SAMPLE = 512  # coordinates that it is timed on
_LENGTHS = (2**14, 2**16, 160_000, 2**19)  # of the arrays of exponentials; the fastest counts
_MOST_EXPONENTIALS = 10**8


class Time(NamedTuple):
    """Seconds for all coordinates of a network.

    ``share`` is the part of the evaluations that was timed; below 1 the rest is extrapolated.
    """

    seconds: float
    share: float = 1.0


def medians(runs: dict[str, Callable[[], Time]], repeats: int) -> dict[str, Time]:
    """The median of repeated runs of each tool, taking turns, so that all meet the same weather."""
    times: dict[str, list[Time]] = {name: [] for name in runs}
    for _ in range(repeats):
        for name, run in runs.items():
            times[name].append(run())
    return {name: sorted(found)[len(found) // 2] for name, found in times.items()}


def seconds_of(run: Callable[[], Any]) -> Time:
    """The time of one run, all its results there."""
    start = perf_counter()
    jax.block_until_ready(run())
    return Time(perf_counter() - start)


def ours(network: Network, strategy: str = "auto") -> Callable[[], Any]:
    """fd.grad as a user calls it: traced, looked up, stepped and evaluated anew each time."""
    gradient = fd.grad(partial(_of_jax, network), strategy=strategy)
    parameters, data = in_jax(network)
    return lambda: gradient(parameters, data)


def proved(network: Network) -> GradientReport:
    """The backward pass that the book writes in NumPy, layer by layer, against the same loss."""
    parameters, data = in_jax(network)

    def layered(parameters: dict, data: tuple) -> dict:
        x, t = map(np.asarray, data)
        net = TwoLayerNet({name: np.asarray(p) for name, p in parameters.items()})
        return net.gradient(x, np.argmax(t, axis=1))

    return compare_grads(partial(_of_jax, network), parameters, data, gradient=layered)


def in_jax(network: Network) -> tuple[dict, tuple]:
    """The parameters and the data as JAX arrays."""
    return jax.tree.map(jnp.asarray, (network.parameters, network.data))


def by_jax_grad(network: Network) -> dict:
    """The gradient of a network by jax.grad."""
    parameters, data = in_jax(network)
    return jax.grad(partial(_of_jax, network))(parameters, data)


def vmapped(network: Network) -> Callable[[], Time]:
    """What everybody writes: a vmap over unit vectors of the ravelled parameters, in chunks."""
    parameters, data = in_jax(network)
    flat, unravel = ravel_pytree(parameters)
    count = min(_SAMPLE, flat.size)
    step = float(jnp.finfo(flat.dtype).eps) ** (1 / 3)

    def difference(i):
        unit = jnp.zeros_like(flat).at[i].set(step)
        above, below = (_of_jax(network, unravel(flat + s * unit), data) for s in (1, -1))
        return (above - below) / (2 * step)

    def of_chunk(chunk):
        return jax.jit(lambda: jax.lax.map(difference, jnp.arange(count), batch_size=chunk))

    forms = [of_chunk(chunk) for chunk in _CHUNKS]
    fastest = min(forms, key=_settled_seconds)
    share = count / flat.size
    return lambda: Time(seconds_of(fastest).seconds / share, share)


def loop(network: Network) -> Callable[[], Time]:
    """The book's numerical_gradient, writing into the arrays that the loss reads."""
    parameters = {name: p.copy() for name, p in network.parameters.items()}

    def run(limit: "_Limited") -> None:
        def loss(_):
            return limit(lambda: network.loss(Numpy(), parameters, network.data))

        for p in parameters.values():
            numerical_gradient(loss, p)

    return lambda: _timed(run, 2 * network.coordinates)


def scipy(network: Network) -> Callable[[], Time]:
    """SciPy's three-point rule on the ravelled parameters."""
    from scipy.optimize._numdiff import approx_derivative

    flat, of_flat = _ravelled(network)

    def run(limit: "_Limited") -> None:
        approx_derivative(lambda x: limit(lambda: of_flat(x)), flat, method="3-point")

    return lambda: _timed(run, 2 * network.coordinates + 1)


def torch(network: Network) -> Callable[[], Time]:
    """PyTorch's gradcheck in its slow mode, which takes every coordinate."""
    library: Any = Torch()
    names = list(network.parameters)
    leaves = [library.array(p).requires_grad_() for p in network.parameters.values()]
    data = tuple(map(library.array, network.data))

    def run(limit: "_Limited") -> None:
        def loss(*leaves):
            p = dict(zip(names, leaves, strict=True))
            return limit(lambda: network.loss(library, p, data))

        with catch_warnings():
            simplefilter("ignore")  # of float32, where its tolerances mean nothing; it is timed
            library.torch.autograd.gradcheck(loss, leaves, fast_mode=False, raise_exception=False)

    return lambda: _timed(run, 2 * network.coordinates + 1)


def numdifftools(network: Network) -> Callable[[], Time]:
    """numdifftools' Gradient at its defaults; for small networks, since it keeps all steps."""
    from numdifftools import Gradient

    flat, of_flat = _ravelled(network)
    return lambda: seconds_of(lambda: Gradient(of_flat)(flat))


def floor(network: Network) -> Callable[[], Time]:
    """The exponentials alone, on arrays of the length that suits the machine best."""
    dtype = next(iter(network.parameters.values())).dtype

    def of_length(length: int) -> tuple[Callable[[], Any], float]:
        rounds = max(1, min(_MOST_EXPONENTIALS, network.all_exponentials) // length)

        @jax.jit
        def exponentials(x):
            return jax.lax.fori_loop(0, rounds, lambda _, s: s + jnp.exp(x + 1e-9 * s), x)

        x = jnp.linspace(-1.0, 1.0, length, dtype=dtype)
        return partial(exponentials, x), network.all_exponentials / (rounds * length)

    run, scale = min(map(of_length, _LENGTHS), key=lambda form: form[1] * _settled_seconds(form[0]))
    return lambda: Time(seconds_of(run).seconds * scale, min(1.0, 1 / scale))


def _settled_seconds(run: Callable[[], Any]) -> float:
    """The shortest of three runs, after one that compiles."""
    seconds_of(run)
    return min(seconds_of(run).seconds for _ in range(3))


class _EnoughError(Exception):
    """The tool has been timed for long enough."""


class _Limited:
    """Counts evaluations, and stops the tool once its time is up."""

    def __init__(self):
        self.calls = 0
        self.start = perf_counter()

    def __call__(self, evaluate: Callable[[], Any]) -> Any:
        if perf_counter() - self.start > _PATIENCE:
            raise _EnoughError
        self.calls += 1
        return evaluate()


def _timed(run: Callable[[_Limited], None], evaluations: int) -> Time:
    limit = _Limited()
    try:
        run(limit)
    except _EnoughError:
        seconds = perf_counter() - limit.start
        return Time(seconds * evaluations / limit.calls, limit.calls / evaluations)
    return Time(perf_counter() - limit.start)


def _of_jax(network: Network, parameters: dict, data: tuple) -> Any:
    return network.loss(Jax(), parameters, data)


def _ravelled(network: Network) -> tuple[np.ndarray, Callable[[np.ndarray], float]]:
    flat = np.concatenate([p.ravel() for p in network.parameters.values()])
    ends = np.cumsum([p.size for p in network.parameters.values()])[:-1]

    def of_flat(x: np.ndarray) -> float:
        parts = zip(network.parameters.items(), np.split(x, ends), strict=True)
        p = {name: part.reshape(whole.shape) for (name, whole), part in parts}
        return network.loss(Numpy(), p, network.data)

    return flat, of_flat
