"""The positional encoding against a plain loop."""

import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from purenet import nn


@settings(deadline=None, max_examples=25)
@given(st.sampled_from([(), (3,), (2, 1)]), st.lists(st.floats(-4, 4), min_size=1, max_size=3))
def test_it_is_the_loop_over_frequencies(shape, frequencies):
    x = np.random.default_rng(0).uniform(-2, 2, shape).astype(np.float32)
    columns = [fn(x * np.float32(f)) for f in frequencies for fn in (np.sin, np.cos)]
    encoded = nn.positional_encoding(x, frequencies)
    np.testing.assert_allclose(encoded, np.stack(columns, axis=-1), atol=1e-6)
    with_input = nn.positional_encoding(x, frequencies, include_input=True)
    np.testing.assert_allclose(with_input, np.stack([x, *columns], axis=-1), atol=1e-6)


@pytest.mark.parametrize("frequencies", [[], jnp.ones((2, 2))], ids=["none", "a matrix"])
def test_frequencies_are_a_list_of_one_or_more(frequencies, unchecked):
    with pytest.raises(
        ValueError, match=r"got frequencies of shape .*; wanted a list of one number"
    ):
        nn.positional_encoding(jnp.ones(3), frequencies)
