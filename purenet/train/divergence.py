"""Where a training ceased to be of finite numbers: the step, the leaf, and what came before."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from purenet import trees
from purenet.train.history import History
from purenet.train.loop import Steps
from purenet.train.state import TrainState
from purenet.train.step import advance, loss_of_batch

_NAMED = 4  # leaves that a message names; the exception has them all
_NAN, _INFINITY = "NaN", "infinity"
_OF_LOSS = "look for a division or a logarithm of zero in the loss"
_STAGES = {
    "in": ("data", "in", "take the rows it is in out of the data"),
    "before": ("params", "before the step in", "start from finite parameters"),
    "gradient": (
        "params",
        "in the gradient by",
        f"lower the learning rate, clip the gradient (optax.clip_by_global_norm), or {_OF_LOSS}",
    ),
    "after": (
        "params",
        "after the step, its gradient being finite, in",
        "lower the learning rate, or raise the optimizer's eps: in float16, 1e-8 is zero",
    ),
}


class DivergenceError(ArithmeticError):
    """A step gave NaN or infinity; the message says which step, in which leaf, and what to do.

    Attributes:
        step: the step at which it began, counted from 0.
        paths: the leaves concerned, ``params['W1']`` or ``data[0]``, in the order of the tree;
            where only the loss itself is not finite, the leaf with the largest number.
        state: the state before that step.
        history: up to that step.
    """

    def __init__(
        self, message: str, step: int, paths: Sequence[str], state: TrainState, history: History
    ):
        super().__init__(message)
        self.step = step
        self.paths = tuple(paths)
        self.state = state
        self.history = history


def skips(opt_state: Any) -> bool:
    """Whether the optimizer itself leaves out what is not finite, so that a NaN loss may pass."""
    import optax

    skipping = (optax.ApplyIfFiniteState, optax.ZeroNansState)

    def is_skipping(node: Any) -> bool:
        return isinstance(node, skipping)

    return any(map(is_skipping, jax.tree.leaves(opt_state, is_leaf=is_skipping)))


def began(
    one_step: Callable[[TrainState, int], Steps], state: TrainState, count: int
) -> tuple[TrainState, int]:
    """The state before the first step that gave no finite numbers, and that step's place.

    The steps are taken once more, one at a time: ``one_step(state, place)``.
    """
    skipped = skips(state.opt_state)
    for place in range(count - 1):
        after = one_step(state, place)
        if not (skipped or jnp.isfinite(after.losses[0])) or not after.finite:
            return state, place
        state = after.state
    return state, count - 1


def looked_at(
    loss: Callable, optimizer: Any, state: TrainState, batch: tuple
) -> tuple[float, dict[str, Any]]:
    """The loss of a step, and its trees by stage, in the order in which the step makes them."""
    of_params = loss_of_batch(loss, state.key, state.step, batch)
    value, grads = jax.jit(jax.value_and_grad(of_params))(state.params)
    after, _ = jax.jit(lambda: advance(loss, optimizer, state, batch))()
    return float(value), {
        "in": batch,
        "before": state.params,
        "gradient": grads,
        "after": after.params,
    }


def explained(
    state: TrainState,
    looked_at: tuple[float, Mapping[str, Any]],
    batches_an_epoch: int,
    history: History,
) -> DivergenceError:
    """The error for the step from this state, given what `looked_at` found there."""
    value, stages = looked_at
    what, paths, fix = _first_found(stages)
    step = int(state.step)
    where = f"step {step} (epoch {step // batches_an_epoch}, batch {step % batches_an_epoch})"
    message = (
        f"got {what} at {where}, where the loss was {value:.6g}{_before(history)}; "
        f"wanted finite numbers; {fix}"
    )
    return DivergenceError(message, step, paths, state, history)


def _first_found(stages: Mapping[str, Any]) -> tuple[str, tuple[str, ...], str]:
    """What is not finite first, the leaves' paths, and how to fix it."""
    for stage, tree in stages.items():
        name, sentence, fix = _STAGES[stage]
        named = zip(trees.leaf_paths(tree, name), jax.tree.leaves(tree), strict=True)
        kinds = {path: kind for path, leaf in named if (kind := _kind(leaf))}
        if kinds:
            listed = ", ".join(list(kinds)[:_NAMED])
            listed += f" and {len(kinds) - _NAMED} more" if len(kinds) > _NAMED else ""
            kind = _NAN if _NAN in kinds.values() else _INFINITY
            return f"{kind} {sentence} {listed}", tuple(kinds), fix
    path, size = _largest(stages["before"])
    fix = _STAGES["gradient"][-1]
    return f"a loss that is not finite, with {path} as large as {size:.3g},", (path,), fix


def _kind(leaf: Any) -> str:
    """NaN, infinity, or nothing."""
    leaf = jnp.asarray(leaf)
    if not jnp.issubdtype(leaf.dtype, jnp.inexact):
        return ""
    return _NAN if jnp.isnan(leaf).any() else _INFINITY if jnp.isinf(leaf).any() else ""


def _largest(params: Any) -> tuple[str, float]:
    """The leaf with the largest number, and that."""
    sizes = [float(jnp.max(jnp.abs(leaf), initial=0.0)) for leaf in jax.tree.leaves(params)]
    largest = int(np.argmax(sizes))
    return trees.leaf_paths(params, "params")[largest], sizes[largest]


def _before(history: History) -> str:
    """From where the loss has grown: what is found at a step may have begun much earlier."""
    finite = np.isfinite(history.loss)
    if not finite.any():
        return ""
    least = int(np.nanargmin(np.where(finite, history.loss, np.inf)))
    return f" (the least, {history.loss[least]:.6g}, was at step {history.step[least]})"
