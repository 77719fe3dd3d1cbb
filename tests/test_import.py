"""Importing purenet: light, silent, and without a change to JAX."""

import json
import subprocess
import sys
from importlib.metadata import version

import purenet

PROGRAM = """
import json, sys, jax
before = dict(jax.config.values)
import purenet
print(json.dumps({
    "heavy": sorted({"rich", "optax", "sklearn", "matplotlib"} & set(sys.modules)),
    "changed": [k for k, v in jax.config.values.items() if before.get(k) != v],
    "backends": len(jax._src.xla_bridge._backends),
    "public": sorted(n for n in dir(purenet) if not n.startswith("_")),
}))
"""


def test_import_loads_nothing_heavy_changes_nothing_and_starts_no_backend():
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True
    )
    seen = json.loads(done.stdout)
    assert seen["heavy"] == []
    assert seen["changed"] == []
    assert seen["backends"] == 0
    assert {"fd", "nn", "compare_grads"} <= set(seen["public"])
    assert done.stderr == ""


def test_the_version_is_that_of_the_distribution():
    assert purenet.__version__ == version("purenet")
    assert "__version__" in dir(purenet)
