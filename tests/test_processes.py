"""Threads, event loops, other processes, and interpreters started in other ways."""

import asyncio
import multiprocessing
import os
import random
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import jax
import numpy as np
import pytest

from tests import surroundings

ROOT = Path(__file__).parents[1]
THREADS = 8


def in_threads(each):
    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(surroundings.checked, range(THREADS * each)))


def test_threads_check_beside_one_another():
    settings = dict(jax.config.values), np.geterr(), random.getstate()
    assert all(in_threads(each=1))
    assert settings == (dict(jax.config.values), np.geterr(), random.getstate())


@pytest.mark.full
@pytest.mark.parametrize("interval", [sys.getswitchinterval(), 1e-6])
def test_eight_threads_with_a_hundred_checks_each(interval):
    before = sys.getswitchinterval()
    sys.setswitchinterval(interval)
    try:
        assert all(in_threads(each=100))
    finally:
        sys.setswitchinterval(before)


def test_an_event_loop():
    async def main():
        async def here(number):
            await asyncio.sleep(0)
            return surroundings.checked(number)

        threads = [asyncio.to_thread(surroundings.checked, number) for number in range(4)]
        return await asyncio.gather(*threads, *map(here, range(4)))

    assert all(asyncio.run(main()))


@pytest.mark.full
@pytest.mark.parametrize("method", ["spawn", "forkserver"])
def test_processes_of_their_own(method):
    with multiprocessing.get_context(method).Pool(2) as pool:
        numbers = range(len(surroundings.CHECKS))
        assert all(pool.map_async(surroundings.checked, numbers).get(timeout=300))


FORKED = """
import multiprocessing
import sys
from tests import surroundings

if sys.argv[1] == "after":
    assert surroundings.all_checked()
with multiprocessing.get_context("fork").Pool(1) as pool:
    print(pool.apply_async(surroundings.all_checked).get(timeout=120))
"""


def run(*arguments, **environment):
    return subprocess.run(
        [sys.executable, *arguments], cwd=ROOT, env={**os.environ, **environment},
        capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip


@pytest.mark.full
@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_fork_before_jax_is_used_checks_and_one_after_it_says_why_it_does_not():
    assert run("-c", FORKED, "before").stdout == "True\n"
    after = run("-c", FORKED, "after")
    assert after.stdout == ""
    assert "forked from one in which JAX had run; wanted a process with JAX's" in after.stderr


PROGRAM = """
import jax, jax.numpy as jnp, purenet
from tests import surroundings

assert_holds = [surroundings.checked(number) for number in range(8)]
print(all(assert_holds))
report = purenet.compare_grads(surroundings.loss, surroundings.W)
print(report)
report.__rich__(), report._repr_html_()
print(purenet.audit(surroundings.loss, surroundings.W))
"""


@pytest.mark.full
@pytest.mark.parametrize(
    ("arguments", "environment"),
    [
        (("-O",), {}),
        (("-OO",), {}),
        (("-W", "error"), {}),
        (("-X", "dev"), {}),
        ((), {"LANG": "C", "LC_ALL": "C"}),
        ((), {"HOME": "/proc/nowhere", "XDG_CACHE_HOME": "/proc/nowhere"}),
    ],
    ids=["-O", "-OO", "-W error", "-X dev", "LANG=C", "HOME"],
)
def test_an_interpreter_started_otherwise(arguments, environment):
    done = run(*arguments, "-c", PROGRAM, **environment)
    assert done.stdout.startswith("True\n"), done.stderr
    assert done.returncode == 0
    assert done.stderr == ""


@pytest.mark.full
@pytest.mark.skipif(sys.platform != "linux", reason="limits of Linux")
@pytest.mark.parametrize("limit", ["ulimit -s 256", "ulimit -v 2500000"])
def test_a_small_stack_or_address_space(limit):
    done = subprocess.run(
        ["bash", "-c", f'{limit}; exec "$0" -c "$1"', sys.executable, PROGRAM],
        cwd=ROOT, capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    assert done.stdout.startswith("True\n"), done.stderr
