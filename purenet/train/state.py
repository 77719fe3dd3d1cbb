"""The state of a training: all that a step reads beside its batch, and all that it gives back."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from purenet import trees


class TrainState(NamedTuple):
    """Parameters, optimizer, step and key: a pytree, so that it can be jitted, saved and compared.

    Attributes:
        params: the parameters, any pytree of floating-point arrays.
        opt_state: what the optimizer remembers, as its own ``init`` made it.
        step: how many steps have been taken, int32, shape ().
        key: the random key of the whole training. It never changes: the randomness of a step is
            ``jax.random.fold_in(key, step)``, and the order of an epoch is made from both as well,
            so that a state is all it takes to go on.
    """

    params: Any
    opt_state: Any
    step: jax.Array
    key: jax.Array


def init(params: Any, optimizer: Any, key: Any) -> TrainState:
    """The state before the first step, in arrays of its own.

    Everything is copied. `train_step` gives the buffers of the state it is passed to the next one
    (they are donated), so that a state is used up by a step; ``params`` stays yours.

    Args:
        params: any pytree of floating-point arrays or numbers; weak types become JAX's default
            float.
        optimizer: from optax, or anything with its ``init`` and ``update``.
        key: from ``jax.random.key``; a raw uint32 key is wrapped.

    Returns:
        A `TrainState` at step 0.

    Raises:
        TypeError: a leaf that is not floating point, by its path; an optimizer without ``init`` and
            ``update``; or a key that is not one.
        ValueError: params without a leaf.

    >>> import optax
    >>> from purenet import nn
    >>> params = nn.two_layer_net(64, 50, 10).init(jax.random.key(0))
    >>> state = init(params, optax.adam(1e-3), jax.random.key(1))
    >>> int(state.step), state.params["W1"].shape
    (0, (64, 50))
    """
    require_optimizer(optimizer)
    require_params(params)
    params = jax.tree.map(_own, params)
    opt_state = jax.tree.map(_own, optimizer.init(params))
    return TrainState(params, opt_state, jnp.zeros((), jnp.int32), _own(_as_key(key)))


def copied(state: TrainState) -> TrainState:
    """The same state in arrays of its own, which a donation elsewhere cannot take away."""
    return jax.tree.map(_own, state)


def require_params(params: Any) -> None:
    """Raise where there is no parameter, or one that is not floating point, or they are no tree."""
    trees.require_tree(params, "params")
    leaves = jax.tree.leaves(params)
    if not leaves:
        raise ValueError(
            f"got params without a leaf, {params!r}; wanted a pytree of one array or more; "
            "pass what model.init(key) returns"
        )
    trees.require_differentiable(leaves, trees.leaf_paths(params, "params"))


def require_state(state: Any) -> None:
    """Raise where something is no `TrainState`."""
    if not isinstance(state, TrainState):
        raise TypeError(
            f"got a state of type {type(state).__name__}; wanted a TrainState; "
            "pass train.init(params, optimizer, key)"
        )


def require_optimizer(optimizer: Any) -> None:
    """Raise where something has no ``init`` and ``update``."""
    if not callable(getattr(optimizer, "init", None)) or not callable(
        getattr(optimizer, "update", None)
    ):
        raise TypeError(
            f"got an optimizer of type {type(optimizer).__name__}; wanted one of optax, with init "
            "and update; pass optax.sgd(0.1), say"
        )


def require_own(optimizer: Any, state: TrainState) -> None:
    """Raise where a state was made with another optimizer."""
    expected = jax.eval_shape(optimizer.init, state.params)
    ours, theirs = (set(_described(tree)) for tree in (expected, state.opt_state))
    if ours != theirs:
        more, less = sorted(theirs - ours), sorted(ours - theirs)
        raise ValueError(
            f"got a state with {(more or ['nothing'])[0]} where its optimizer has "
            f"{(less or ['nothing'])[0]}; wanted the optimizer the state was made with; pass that, "
            "or begin anew from train.init(state.params, optimizer, key)"
        )


def require_hashable(name: str, function: Any) -> None:
    """Raise where a function cannot be remembered as compiled."""
    try:
        hash(function)
    except TypeError:
        raise TypeError(
            f"got {name} of type {type(function).__name__}, which cannot be hashed; wanted a "
            "function, by which its compilation is remembered; wrap it: lambda params, x, t: ..."
        ) from None


def _described(opt_state: Any) -> list[str]:
    leaves = jax.tree.leaves(opt_state)
    paths = trees.leaf_paths(opt_state, "opt_state")
    return [f"{path} of shape {leaf.shape}" for path, leaf in zip(paths, leaves, strict=True)]


def _own(leaf: Any) -> jax.Array:
    """A copy without weak type: a step must give back what it was given."""
    if isinstance(leaf, jax.Array) and jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key):
        return jnp.copy(leaf)
    return jnp.array(leaf, dtype=jnp.result_type(leaf), copy=True)


def _as_key(key: Any) -> jax.Array:
    if isinstance(key, jax.Array) and jnp.issubdtype(key.dtype, jax.dtypes.prng_key):
        if key.shape == ():
            return key
    elif isinstance(key, jax.Array | np.ndarray) and key.dtype == np.uint32 and key.ndim == 1:
        return jax.random.wrap_key_data(jnp.asarray(key))
    shape = f" and shape {np.shape(key)}" if hasattr(key, "shape") else ""
    raise TypeError(
        f"got a key of type {type(key).__name__}{shape}; wanted one random key; "
        "pass jax.random.key(0), say"
    )
