"""Three checkers of a backward pass: the book's own, PyTorch's gradcheck, and purenet's."""

from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import jax
import numpy as np

import purenet
from comparisons.exhibits.backward_pass.cases import Case, Gradients
from comparisons.exhibits.backward_pass.mutating import gradient_check

ENOUGH = 1e-7  # the mean absolute difference that the book is content with, or so

Backward = Callable[..., Gradients]


def by_book(case: Case, backward: Backward) -> float:
    """The largest of the mean absolute differences, over all parameters and inputs.

    The book differences a loss; here it is the sum of the outputs with fixed weights.
    """
    draw = np.random.default_rng(1)
    params, inputs = jax.tree.map(np.copy, (case.params, case.inputs))
    outputs = case.forward(params, inputs)
    weights = jax.tree.map(lambda out: np.asarray(draw.uniform(0.5, 1.5, np.shape(out))), outputs)

    def loss(_: Any) -> float:
        pairs = zip(jax.tree.leaves(case.forward(params, inputs)), jax.tree.leaves(weights),
                    strict=True)  # fmt: skip
        return float(sum(np.sum(out * weight) for out, weight in pairs))

    given = jax.tree.leaves(backward(params, inputs, weights))
    leaves = jax.tree.leaves((params, inputs))
    return max(float(gradient_check(loss, x, g)) for x, g in zip(leaves, given, strict=True))


def by_gradcheck(case: Case, backward: Backward) -> bool | None:
    """Whether PyTorch's gradcheck passes, slow mode at its defaults; None without PyTorch."""
    if find_spec("torch") is None:
        return None
    torch: Any = import_module("torch")
    leaves, tree = jax.tree.flatten((case.params, case.inputs))

    def arguments(tensors: Any) -> Any:
        return jax.tree.unflatten(tree, [tensor.detach().numpy().copy() for tensor in tensors])

    class Layer(torch.autograd.Function):
        """The NumPy layer as PyTorch wants it."""

        @staticmethod
        def forward(ctx: Any, *tensors: Any) -> Any:
            """The layer's forward."""
            ctx.save_for_backward(*tensors)
            return jax.tree.map(torch.tensor, case.forward(*arguments(tensors)))

        @staticmethod
        def backward(ctx: Any, *cotangents: Any) -> Any:
            """The layer's backward."""
            each = [cotangent.numpy().copy() for cotangent in cotangents]
            cotangent = tuple(each) if len(each) > 1 else each[0]
            given = backward(*arguments(ctx.saved_tensors), cotangent)
            return tuple(torch.tensor(gradient) for gradient in jax.tree.leaves(given))

    tensors = [torch.tensor(leaf, requires_grad=True) for leaf in leaves]
    return torch.autograd.gradcheck(Layer.apply, tensors, raise_exception=False)


def by_purenet(case: Case, backward: Backward) -> purenet.GradientReport:
    """purenet.compare_grads: every row of every derivative."""
    return purenet.compare_grads(
        case.forward, case.params, case.inputs, argnums=(0, 1), vjp=backward
    )
