"""Settings of the process are put back, and named where they were changed."""

import jax
import numpy as np
import pytest

from purenet.purity.settings import settings_kept


def test_what_is_changed_is_named_and_put_back():
    before = np.geterr(), np.get_printoptions(), jax.config.jax_debug_nans
    with settings_kept() as changed:
        np.seterr(all="raise")
        np.set_printoptions(precision=2)
        jax.config.update("jax_debug_nans", not before[2])
    assert list(changed) == ["np.seterr", "np.set_printoptions", "jax.config"]
    assert (np.geterr(), np.get_printoptions(), jax.config.jax_debug_nans) == before


def test_what_is_changed_for_a_block_is_not():
    with settings_kept() as changed, np.errstate(all="ignore"), jax.enable_x64(True):
        pass
    assert not changed


def test_also_where_the_block_raises():
    def block():
        with settings_kept():
            np.seterr(all="raise")
            raise ZeroDivisionError

    before = np.geterr()
    with pytest.raises(ZeroDivisionError):
        block()
    assert np.geterr() == before
