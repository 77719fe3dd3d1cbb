"""Checks every jaxtyping annotation of purenet.nn, and keeps what was compiled between runs."""

import os
import tempfile
import time
from importlib.metadata import version
from pathlib import Path

import jax
import jax.monitoring
import jaxtyping
import pytest

# Most programs of the tests are small and run a few times, and each worker has one core: compiled
# without optimization, on one thread, by XLA's older emitters, they are ready in a third of the
# time. XLA aborts on a flag that it does not know, hence the bound; without the flags, as on a
# user's machine, the tests pass as well: .ci/full runs them so.
if tuple(map(int, version("jaxlib").split(".")[:2])) <= (0, 10):
    os.environ.setdefault(
        "XLA_FLAGS",
        "--xla_backend_optimization_level=0 --xla_cpu_use_fusion_emitters=false "
        "--xla_cpu_multi_thread_eigen=false --xla_cpu_parallel_codegen_split_count=1",
    )

with jaxtyping.install_import_hook("purenet.nn", "beartype.beartype"):
    import purenet.nn  # noqa: F401

from purenet import jaxprs

_KEPT = 14 * 24 * 3600  # seconds


def _compilation_cache() -> Path | None:
    """The folder of compiled programs: the user's cache, or one of their own in the temporary."""
    user_cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    temporary = Path(tempfile.gettempdir()) / f"purenet-tests-{os.getuid()}"
    for folder in (user_cache / "purenet-tests", temporary):
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            if folder.stat().st_uid == os.getuid() and os.access(folder, os.W_OK):
                return folder
        except OSError:
            continue
    return None


# half of a test's time is compilation, most of it of programs that take less than a second each
cache = None if os.environ.get("JAX_COMPILATION_CACHE_DIR") else _compilation_cache()
if cache:
    jax.config.update("jax_compilation_cache_dir", str(cache))
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)
    jax.config.update("jax_persistent_cache_min_entry_size_bytes", -1)


def pytest_sessionstart(session):
    """Forget what no run has read for two weeks; programs of code that has changed stay unread."""
    if cache is None or hasattr(session.config, "workerinput"):
        return
    for entry in cache.iterdir():
        if entry.stat().st_atime < time.time() - _KEPT:
            entry.unlink(missing_ok=True)


@pytest.fixture
def x64():
    """Float64 for the duration of one test; JAX's own default is float32."""
    with jax.enable_x64(True):
        yield


_compiled: list[str] = []


def _note(event, seconds, **more):
    if event == "/jax/core/compile/backend_compile_duration":
        _compiled.append(event)


jax.monitoring.register_event_duration_secs_listener(_note)


@pytest.fixture
def compilations():
    """Call it to learn how many programs were compiled, or read from the cache, since it was."""
    jaxprs.jitted(abs, 0)  # whether XLA knows an option is asked once in a process
    seen = len(_compiled)

    def further():
        nonlocal seen
        before, seen = seen, len(_compiled)
        return seen - before

    return further


@pytest.fixture
def unchecked():
    """Annotations unchecked for one test: what purenet itself says of a wrong argument."""
    jaxtyping.config.update("jaxtyping_disable", True)
    yield
    jaxtyping.config.update("jaxtyping_disable", False)
