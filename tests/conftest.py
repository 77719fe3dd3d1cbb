"""Checks every jaxtyping annotation of purenet.nn with beartype while the tests run."""

import jax
import jaxtyping
import pytest

with jaxtyping.install_import_hook("purenet.nn", "beartype.beartype"):
    import purenet.nn  # noqa: F401


@pytest.fixture
def x64():
    """Float64 for the duration of one test; JAX's own default is float32."""
    with jax.enable_x64(True):
        yield


@pytest.fixture
def unchecked():
    """Annotations unchecked for one test: what purenet itself says of a wrong argument."""
    jaxtyping.config.update("jaxtyping_disable", True)
    yield
    jaxtyping.config.update("jaxtyping_disable", False)
