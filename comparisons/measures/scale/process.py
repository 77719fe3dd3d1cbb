"""One large check, in a process of its own: what it took, and what it said."""

import json
import math
import resource
import sys
import time
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

import purenet
from comparisons.measures.first_check.losses import Loss, mlp_of, transformer


def every_coordinate(loss: Loss) -> dict[str, Any]:
    """Every coordinate, whatever it takes."""
    start = time.perf_counter()
    report = purenet.compare_grads(loss.function, loss.params, *loss.data, budget=math.inf)
    return {
        "parameters": _count(loss),
        "compared": report.compared - report.directions,
        "verdict": report.verdict,
        "seconds": time.perf_counter() - start,
    }


def along_directions(loss: Loss) -> dict[str, Any]:
    """Along random directions: the right gradient, then one that is wrong at one coordinate."""
    start = time.perf_counter()
    right = purenet.compare_grads(loss.function, loss.params, *loss.data)
    middle = time.perf_counter()
    wrong, planted = _wrong_at_one(loss)
    found = purenet.compare_grads(wrong, loss.params, *loss.data)
    return {
        "parameters": _count(loss),
        "verdict": right.verdict,
        "seconds": middle - start,
        "located": time.perf_counter() - middle,
        "planted": planted,
        "named": found.worst.path if found.worst else found.verdict,
    }


def _wrong_at_one(loss: Loss) -> tuple[Any, str]:
    """The loss whose gradient by one weight is wrong by the largest of its leaf, and its path."""
    where, at = "down", (5, 7)

    @jax.custom_vjp
    def planted(weight):
        return weight

    def backward(_, cotangent):
        return (cotangent.at[at].add(jnp.max(jnp.abs(cotangent))),)

    planted.defvjp(lambda weight: (weight, None), backward)

    def wrong(params, *data):
        first, *others = params["blocks"]
        blocks = [{**first, where: planted(first[where])}, *others]
        return loss.function({**params, "blocks": blocks}, *data)

    return wrong, f"params['blocks'][0]['{where}'][{at[0]}, {at[1]}]"


def _count(loss: Loss) -> int:
    return sum(np.size(leaf) for leaf in jax.tree.leaves(loss.params))


def _main() -> None:
    if sys.argv[1] == "mlp":
        found = every_coordinate(mlp_of(int(sys.argv[2]) if len(sys.argv) > 2 else 1_000_000))
    else:
        blocks = int(sys.argv[2]) if len(sys.argv) > 2 else 8
        found = along_directions(transformer(1024, blocks, length=8, words=256, batch=1))
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(json.dumps({**found, "memory": memory}))


if __name__ == "__main__":
    _main()
