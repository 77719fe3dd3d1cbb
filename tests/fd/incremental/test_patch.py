"""Patches: what is taken of a base, what is widened, and what counts as a change."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from purenet.fd.incremental.patch import Index, Value, combined, common, settled, take

A = np.arange(24.0).reshape(2, 3, 4)
FIXED = Index(jnp.asarray(1))
RUN = Index(jnp.arange(1, 4), jnp.asarray(1))
ANY = Index(jnp.array([2, 0, 2]))


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ((None, None, None), A[..., None, None]),
        ((FIXED, None, None), A[1:2][..., None, None]),
        ((None, None, RUN), np.moveaxis(A[:, :, 1:4], 2, -1)[:, :, None, None]),
        ((None, ANY, None), np.moveaxis(A[:, [2, 0, 2]], 1, -1)[:, None, :, None]),
        ((FIXED, ANY, RUN), A[1, [2, 0, 2], [1, 2, 3]].reshape(1, 1, 1, 1, 3)),
    ],
)
def test_take_is_the_part_at_the_indices_with_lanes_last(where, expected):
    np.testing.assert_array_equal(take(jnp.asarray(A), where), expected)


def test_an_axis_of_one_element_serves_every_position():
    assert take(jnp.ones((1, 3)), (ANY, None)).shape == (1, 3, 1, 1)


def test_widening_puts_the_patch_where_it_lies():
    value = Value(jnp.zeros((3, 2)), (ANY, None), jnp.full((1, 2, 1, 3), 7.0))
    whole = np.asarray(value.full())
    assert whole.shape == (3, 2, 1, 3)
    for lane, position in enumerate((2, 0, 2)):
        expected = np.zeros((3, 2))
        expected[position] = 7
        np.testing.assert_array_equal(whole[:, :, 0, lane], expected)


def test_the_common_region_keeps_an_index_that_all_share():
    x = jnp.zeros((3, 4))
    one = Value(x, (FIXED, RUN), jnp.zeros((1, 1, 1, 3)))
    other = Value(x, (FIXED, ANY), jnp.zeros((1, 1, 1, 3)))
    assert common([one, other, Value(x)], 2) == (FIXED, None)
    assert common([one, Value(x)], 2) == (FIXED, RUN)
    scalar = Value(jnp.zeros(()), (), jnp.zeros((1, 3)))
    assert common([one, scalar], 2) == (None, None)


def test_what_is_derived_from_an_index_is_one_object():
    twice = [ANY.derived("twice", lambda i: 2 * i) for _ in range(2)]
    assert twice[0] is twice[1]
    np.testing.assert_array_equal(twice[0].positions, [4, 0, 4])
    merged = combined([FIXED, ANY], [2, 3])
    np.testing.assert_array_equal(merged.positions, [5, 3, 5])
    assert combined([FIXED, ANY], [2, 3]) is merged


def test_an_infinity_that_stays_has_not_changed():
    base = jnp.array([jnp.inf, 1.0, -jnp.inf])
    value = Value(base, (None,), jnp.array([jnp.inf, 3.0, jnp.inf])[:, None, None])
    np.testing.assert_array_equal(np.ravel(value.change()), [0.0, 2.0, np.inf])


@pytest.mark.parametrize("special", [0.0, -0.0, np.nan, np.inf, -np.inf, 5e-324])
def test_settling_changes_nothing(special):
    for first in (special, 1.5):
        x = jnp.array([first, special, -2.5], jnp.float32)
        np.testing.assert_array_equal(jax.jit(settled)(x), x)
    assert settled(jnp.zeros((0, 2))).shape == (0, 2)
    assert settled(jnp.array([True])).dtype == bool
