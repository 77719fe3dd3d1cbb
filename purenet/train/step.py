"""One step of training, pure: forward, backward and the optimizer's update in one function."""

import inspect
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

import jax
import jax.numpy as jnp
from jax.sharding import Mesh

from purenet import meshes
from purenet.train import parallel
from purenet.train.state import (
    TrainState,
    require_hashable,
    require_optimizer,
    require_own,
    require_params,
    require_state,
)

_KEPT = 32  # compiled losses and optimizers, oldest forgotten first


def train_step(
    loss: Callable, optimizer: Any, *, mesh: Mesh | None = None
) -> Callable[..., tuple[TrainState, jax.Array]]:
    """The compiled step of a loss and an optimizer: ``state, value = step(state, *batch)``.

    What the object style does in ``zero_grad``, forward, ``backward``, ``step`` and
    ``update_learning_rate`` is one function here; the learning rate's schedule is the optimizer's.

    The state passed in is **used up**: its buffers are donated to the one that comes out, as if it
    were updated in place, and reading it afterwards raises. Batches are not. A state from
    `init` shares nothing with the parameters it was made from, so those stay; of one you built
    yourself, or want to keep, pass ``jax.tree.map(jnp.copy, state)``.

    Args:
        loss: ``loss(params, *batch) -> scalar``, pure. With a keyword-only argument ``key`` it is
            passed ``jax.random.fold_in(state.key, state.step)``, for dropout and the like.
        optimizer: from optax, schedules included. Those that need the loss itself (line searches,
            Polyak steps, plateaus) are passed ``value``, ``grad`` and ``value_fn``.
        mesh: shares the rows of each batch out over the devices of a mesh; the result is that of
            one device, to rounding. Rows that cannot be shared equally are on every device. With
            several processes use `purenet.train.fit`, which also puts the arrays in their places.

    Returns:
        The step: it takes a `TrainState` and the arrays of a batch, and returns the next state and
        the loss before the step. Calls with the same loss and optimizer share one compilation.

    Raises:
        TypeError: a loss that cannot be called or hashed, or an optimizer that is not one; and,
            when the step is called, parameters that are not floating point, or a loss that is not
            real.
        ValueError: when the step is called, a loss that is not scalar.

    >>> import optax
    >>> from purenet import nn, train
    >>> loss = nn.loss_fn(nn.linear_model(), nn.mean_squared_error)
    >>> params = {"W": jnp.array([[0.5]])}
    >>> x, t = jnp.array([[1.0], [2.0], [3.0]]), jnp.array([[2.0], [4.0], [6.0]])
    >>> optimizer = optax.sgd(0.05)
    >>> step = train_step(loss, optimizer)
    >>> state = train.init(params, optimizer, jax.random.key(0))
    >>> for _ in range(20):
    ...     state, value = step(state, x, t)
    >>> round(float(state.params["W"][0, 0]), 3)  # of y = 2 x
    2.0
    >>> float(params["W"][0, 0])  # as it was
    0.5
    """
    require_loss(loss)
    require_optimizer(optimizer)
    return _compiled_step(loss, optimizer, meshes.automatic(mesh))


def require_loss(loss: Any) -> None:
    """Raise where a loss cannot be called, or cannot be remembered as compiled."""
    if not callable(loss):
        raise TypeError(
            f"got a loss of type {type(loss).__name__}; wanted a function of (params, *batch); "
            "pass nn.loss_fn(model, nn.softmax_cross_entropy), say"
        )
    require_hashable("a loss", loss)


def takes_key(loss: Callable) -> bool:
    """Whether a loss has a keyword-only argument ``key``.

    >>> takes_key(lambda params, x, *, key: 0.0), takes_key(lambda params, key: 0.0)
    (True, False)
    """
    parameter = _parameters(loss).get("key")
    return parameter is not None and parameter.kind is parameter.KEYWORD_ONLY


def requires_key(loss: Callable) -> bool:
    """Whether that ``key`` has no default."""
    return takes_key(loss) and _parameters(loss)["key"].default is inspect.Parameter.empty


def loss_of_batch(loss: Callable, key: jax.Array, step: jax.Array, batch: tuple) -> Callable:
    """The loss as a function of the parameters alone, its batch and its randomness given."""
    options = {"key": jax.random.fold_in(key, step)} if takes_key(loss) else {}

    def of_params(params: Any) -> jax.Array:
        value = loss(params, *batch, **options)
        require_scalar(value, "a loss")
        return value

    return of_params


def advance(loss: Callable, optimizer: Any, state: TrainState, batch: tuple):
    """The next state and the loss before it: the whole of a step, to be compiled by others."""
    import optax

    require_params(state.params)
    require_own(optimizer, state)
    of_params = loss_of_batch(loss, state.key, state.step, batch)
    value, grads = jax.value_and_grad(of_params)(state.params)
    update = optax.with_extra_args_support(optimizer).update
    extra = _accepted(update, value=value, grad=grads, value_fn=of_params)
    updates, opt_state = update(grads, state.opt_state, state.params, **extra)
    params = optax.apply_updates(state.params, updates)
    return TrainState(params, opt_state, state.step + 1, state.key), value


def require_scalar(value: Any, name: str) -> None:
    """Raise where a loss, or what ``name`` says, returned anything but one real number."""
    if not hasattr(value, "dtype") and not isinstance(value, int | float):
        raise TypeError(
            f"got {name} that returns a {type(value).__name__}; wanted one number; "
            "return that alone, without auxiliary values"
        )
    shape = jnp.shape(value)
    if shape != ():
        raise ValueError(
            f"got {name} of shape {shape}; wanted a scalar, shape (); "
            "average over the batch: jnp.mean(...)"
        )
    dtype = jnp.result_type(value)
    if not jnp.issubdtype(dtype, jnp.floating):
        raise TypeError(
            f"got {name} of dtype {dtype}; wanted a real floating-point number; return a float"
        )


@lru_cache(_KEPT)
def _compiled_step(loss: Callable, optimizer: Any, mesh: Mesh | None):
    def step(state: TrainState, *batch: Any) -> tuple[TrainState, jax.Array]:
        require_state(state)
        batch = parallel.split_rows(mesh, batch)
        state, value = advance(loss, optimizer, parallel.everywhere(mesh, state), batch)
        return parallel.everywhere(mesh, state), value

    return jax.jit(step, donate_argnums=0)


def _accepted(update: Callable, **extra: Any) -> dict[str, Any]:
    """Those arguments that an update takes: optax's own take all, by contract, but one does not."""
    parameters = _parameters(update)
    if any(p.kind is p.VAR_KEYWORD for p in parameters.values()):
        return extra
    return {name: value for name, value in extra.items() if name in parameters}


def _parameters(function: Callable) -> Mapping[str, inspect.Parameter]:
    try:
        return inspect.signature(function).parameters
    except (TypeError, ValueError):
        return {}
