"""The checkers: does each refuse a planted loss? Each asked as a test asks it, at its defaults."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from importlib.util import find_spec
from typing import Any
from unittest.mock import patch
from warnings import catch_warnings, simplefilter

import jax.test_util
import numpy as np

import purenet
from comparisons.measures.detection.planting import Autograd, Jax, Torch, loss_of
from comparisons.measures.detection.plants import Plant
from comparisons.measures.speed.networks import Network

PURENET = "purenet"
PURENET_TORCH = "purenet, torch"
JAX = "jax.test_util"
CHEX = "chex"
TORCH_SLOW = "torch slow"
TORCH_FAST = "torch fast"
AUTOGRAD = "autograd"

Checker = Callable[[Network, Plant], bool]


def by_purenet(network: Network, plant: Plant) -> bool:
    """purenet.compare_grads, which takes every coordinate."""
    loss, parameters, data = loss_of(network, plant, Jax())
    return not purenet.compare_grads(loss, parameters, data).ok


def by_purenet_torch(network: Network, plant: Plant) -> bool:
    """purenet.compare_grads on the loss in PyTorch, whose ``.grad`` is the given gradient."""
    library: Any = Torch()
    loss, parameters, data = loss_of(network, plant, library)

    def gradient(parameters: Any, data: Any) -> Any:
        leaves = {name: leaf.requires_grad_() for name, leaf in parameters.items()}
        loss(leaves, data).backward()
        return {name: leaf.grad for name, leaf in leaves.items()}

    with _one_thread(library.torch):
        return not purenet.compare_grads(loss, parameters, data, gradient=gradient).ok


def by_jax(network: Network, plant: Plant) -> bool:
    """jax.test_util.check_grads, along one direction."""
    loss, parameters, data = loss_of(network, plant, Jax())
    return _raises(
        lambda: jax.test_util.check_grads(
            lambda p: loss(p, data), (parameters,), order=1, modes=["rev"]
        )
    )


def by_chex(network: Network, plant: Plant) -> bool:
    """chex.assert_numerical_grads: that of JAX, with a tolerance by the first argument's size."""
    chex = import_module("chex")
    loss, parameters, data = loss_of(network, plant, Jax())

    def of_leaves(*leaves: Any) -> Any:
        return loss(dict(zip(parameters, leaves, strict=True)), data)

    leaves = list(parameters.values())
    return _raises(lambda: chex.assert_numerical_grads(of_leaves, leaves, order=1, modes=["rev"]))


def by_torch_slow(network: Network, plant: Plant) -> bool:
    """PyTorch's gradcheck, which takes every coordinate."""
    return _by_torch(network, plant, fast_mode=False)


def by_torch_fast(network: Network, plant: Plant) -> bool:
    """PyTorch's gradcheck along one direction."""
    return _by_torch(network, plant, fast_mode=True)


def by_autograd(network: Network, plant: Plant) -> bool:
    """autograd.test_util.check_grads, along one direction."""
    check_grads = import_module("autograd.test_util").check_grads
    loss, parameters, data = loss_of(network, plant, Autograd())
    # autograd draws its direction from NumPy's global generator: the same one each time
    np.random.seed(0)  # noqa: NPY002
    check = check_grads(lambda p: loss(p, data), order=1, modes=["rev"])
    with catch_warnings():
        simplefilter("ignore")  # that the loss seems independent of its argument
        return _raises(lambda: check(parameters))


def _by_torch(network: Network, plant: Plant, fast_mode: bool) -> bool:
    library: Any = Torch()
    loss, parameters, data = loss_of(network, plant, library)
    leaves = [leaf.requires_grad_() for leaf in parameters.values()]

    def of_leaves(*leaves: Any) -> Any:
        return loss(dict(zip(parameters, leaves, strict=True)), data)

    module = import_module("torch.autograd.gradcheck")
    # having refused in its fast mode it runs the slow one, half a minute, to word the message
    wording = patch.object(module, "_run_slow_mode_and_get_error", lambda *_, **__: "")
    with wording, _one_thread(library.torch), catch_warnings():
        simplefilter("ignore")  # that it is made for float64, which the table shows
        return not library.torch.autograd.gradcheck(
            of_leaves, leaves, fast_mode=fast_mode, raise_exception=False
        )


@contextmanager
def _one_thread(torch: Any) -> Iterator[None]:
    """Operations this small gain nothing from two, and crawl where others keep the cores busy."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def _raises(check: Callable[[], Any]) -> bool:
    try:
        check()
    except AssertionError:
        return True
    return False


_ALL: dict[str, tuple[str, Checker]] = {
    PURENET: ("purenet", by_purenet),
    PURENET_TORCH: ("torch", by_purenet_torch),
    JAX: ("jax", by_jax),
    CHEX: ("chex", by_chex),
    TORCH_SLOW: ("torch", by_torch_slow),
    TORCH_FAST: ("torch", by_torch_fast),
    AUTOGRAD: ("autograd", by_autograd),
}
CHECKERS = {name: checker for name, (package, checker) in _ALL.items() if find_spec(package)}
