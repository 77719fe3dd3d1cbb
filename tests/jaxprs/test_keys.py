"""Random keys that one run of a program uses more than once."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from purenet import jaxprs

KEY = jax.random.key(0)
STATE = np.arange(4, dtype=np.uint32)
normal, split, fold_in = jax.random.normal, jax.random.split, jax.random.fold_in


def scanned(p, key, *, is_split):
    def body(carry, _):
        total, key = carry
        key, use = split(key) if is_split else (key, key)
        return (total + normal(use), key), None

    return jax.lax.scan(body, (p, key), None, length=3)[0][0]


def split_twice():
    return jnp.unstack(split(KEY))


def joined():
    return jnp.concatenate([split(KEY), split(fold_in(KEY, 1))])


def bits():
    return jax.lax.rng_bit_generator(STATE, (3,), dtype=np.uint32)[1]


REUSED = {
    "two draws": lambda p: normal(KEY) * jax.random.uniform(KEY),
    "a draw and a split": lambda p: normal(KEY) * normal(split(KEY)[0]),
    "one of the split parts twice": lambda p: normal(split(KEY)[0]) * normal(split(KEY)[0]),
    "equal seeds": lambda p: normal(jax.random.key(1)) * normal(jax.random.key(1)),
    "equal folds": lambda p: normal(fold_in(KEY, 1)) * normal(fold_in(KEY, 1)),
    "every step of a scan": lambda p: scanned(p, KEY, is_split=False),
    "every step of a loop": lambda p: jax.lax.fori_loop(0, 3, lambda i, c: c + normal(KEY), p),
    "stacked": lambda p: normal(jnp.stack([KEY, KEY])[0]) * normal(jnp.stack([KEY, KEY])[0]),
    "unstacked alike": lambda p: normal(jnp.unstack(split(KEY))[1]) * normal(split_twice()[1]),
    "joined alike": lambda p: normal(joined()[2]) * normal(joined()[2]),
    "a draw and a sampler that splits for itself": lambda p: (
        jax.random.gamma(KEY, 2.0) * normal(KEY)
    ),
    "behind a barrier": lambda p: normal(KEY) * normal(jax.lax.optimization_barrier(KEY)),
    "placed with another": lambda p: sum(map(normal, jax.device_put((KEY, KEY)))),
    "bits of one state": lambda p: jnp.sum(bits() + bits()),
    "in jit": lambda p: jax.jit(normal)(KEY) * jax.jit(jax.random.uniform)(KEY),
    "before and in a branch": lambda p: (
        normal(KEY) + jax.lax.cond(p > 0, lambda: normal(KEY), lambda: 0.0)
    ),
}
FRESH = {
    "one draw": lambda p: normal(KEY) * p,
    "split parts": lambda p: normal(split(KEY)[0]) * normal(split(KEY)[1]),
    "unpacked": lambda p: sum(normal(key) for key in split(KEY, 3)),
    "folds": lambda p: sum(normal(fold_in(KEY, i)) for i in range(3)),
    "over keys": lambda p: jnp.sum(jax.vmap(normal)(split(KEY, 3))),
    "split at every step": lambda p: scanned(p, KEY, is_split=True),
    "scanned over": lambda p: jax.lax.scan(lambda c, k: (c + normal(k), None), p, split(KEY, 3))[0],
    "in either branch": lambda p: jax.lax.cond(
        p > 0, lambda: normal(KEY), lambda: jax.random.uniform(KEY)
    ),
    "folded in a loop": lambda p: jax.lax.fori_loop(
        0, 3, lambda i, c: c + normal(fold_in(KEY, i)), p
    ),
    "a clone": lambda p: normal(KEY) * normal(jax.random.clone(KEY)),
    "unstacked": lambda p: sum(map(normal, jnp.unstack(split(KEY, 3)))),
    "joined": lambda p: normal(joined()[1]) * normal(joined()[2]),
    "placed together": lambda p: sum(map(normal, jax.device_put(tuple(split(KEY))))),
    "one sampler that splits for itself": lambda p: jax.random.gamma(KEY, 2.0) * p,
}


def reused(function):
    return jaxprs.reused_keys(lambda leaves: function(leaves[0]), [jnp.ones(())])


@pytest.mark.parametrize("case", REUSED)
def test_reused(case):
    assert reused(REUSED[case])


@pytest.mark.parametrize("case", FRESH)
def test_fresh(case):
    assert reused(FRESH[case]) == []


def test_uses_and_origin():
    (found,) = reused(lambda p: normal(KEY) * normal(split(KEY)[0]))
    assert [use.how for use in found.uses] == ["drawn from", "split"]
    assert found.origin is KEY
