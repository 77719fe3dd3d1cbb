"""The options of a check: each out of its range is refused, with the range."""

import jax.numpy as jnp
import numpy as np
import pytest

import purenet


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"order": np.ones(2)}, ValueError, "wanted 1 for the gradient, or 2"),
        ({"modes": None}, ValueError, "got modes=None; wanted a tuple of 'rev' and 'fwd'"),
        ({"has_aux": np.ones(2)}, TypeError, r"got has_aux=array.*; wanted True or False"),
        ({"allow_int": "no"}, TypeError, "got allow_int='no'; wanted True or False"),
        ({"allow_unused": None}, TypeError, "got allow_unused=None; wanted True or False"),
        ({"allow_undecided": 3}, ValueError, "got allow_undecided=3; wanted a tuple of paths"),
        ({"progress": "yes"}, TypeError, "got progress='yes'; wanted True or False"),
        ({"checkpoint": 3}, TypeError, "got checkpoint=3; wanted the path of a folder"),
        ({"key": 0}, TypeError, "got a key of type int; wanted a random key; pass jax.random.key"),
        ({"key": np.ones(2)}, TypeError, "got a key of type ndarray; wanted a random key"),
        ({"order": 3}, ValueError, "got order=3; wanted 1 for the gradient, or 2"),
        ({"modes": "rev"}, ValueError, "wanted a tuple of 'rev' and 'fwd'"),
        ({"modes": ("forward",)}, ValueError, "wanted a tuple of 'rev' and 'fwd'"),
        ({"modes": ()}, ValueError, "wanted a tuple of 'rev' and 'fwd'"),
        ({"budget": -1}, ValueError, "got budget=-1; wanted seconds"),
        ({"atol": 1e-3}, TypeError, "got the unknown option 'atol'.*steps and tolerances are"),
        ({"step": 1e-3}, TypeError, "got the unknown option 'step'"),
        ({"x": jnp.ones(2)}, TypeError, "got the unknown option 'x'.*pass data by position"),
        ({"strategy": "host"}, ValueError, "got strategy='host'"),
        ({"max_memory": 0}, ValueError, "got max_memory=0; wanted a positive whole number"),
    ],
)
def test_options_out_of_range(options, error, message):
    with pytest.raises(error, match=message):
        purenet.compare_grads(jnp.sum, jnp.ones(2), **options)


def test_strategy_host_is_for_a_derivative_of_ones_own():
    assert purenet.check_grads(jnp.sum, np.ones(2), gradient=np.ones(2), strategy="host").ok
