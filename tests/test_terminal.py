"""rich leaves no trace in Python's random numbers."""

import random
import subprocess
import sys

import pytest

from purenet.terminal import import_rich

PROGRAM = """
import random
import jax, jax.numpy as jnp, optax
import purenet
from purenet import train

random.seed(0)
before = random.getstate()
str(purenet.check_grads(lambda w: jnp.sum(w**2), jnp.ones(3)))
purenet.check_grads(lambda w: jnp.sum(w**2), jnp.ones(3)).__rich__()
loss, optimizer = lambda w, x: jnp.mean((w - x) ** 2), optax.sgd(0.1)
state = train.init(jnp.ones(3), optimizer, jax.random.key(0))
train.fit(loss, optimizer, state, (jnp.ones((4, 3)),), epochs=1, batch_size=2)
print(random.getstate() == before)
"""


@pytest.mark.full
def test_a_run_that_shows_something_leaves_pythons_random_numbers():
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True)
    assert done.stdout == "True\n", done.stderr


def test_its_import_puts_the_state_back(monkeypatch):
    for name in [name for name in sys.modules if name.split(".")[0] == "rich"]:
        monkeypatch.delitem(sys.modules, name)
    before = random.getstate()
    import_rich()
    assert "rich.style" in sys.modules
    assert random.getstate() == before
