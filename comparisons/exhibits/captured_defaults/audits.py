"""Audits: two loop variables shared by six lambdas, and none where defaults keep them."""

import jax.numpy as jnp
import numpy as np

import purenet
from comparisons.claims import Audit, Claim, found
from comparisons.exhibits.captured_defaults import pure
from comparisons.exhibits.captured_defaults.mutating import (
    build_embedding,
    build_embedding_without_defaults,
)


def run(x: np.ndarray, freqs: list[float]) -> tuple[list[Audit], list[Claim]]:
    """The audits of one lambda of each list, the list still alive, and of the twin."""
    sharing, keeping = build_embedding_without_defaults(freqs), build_embedding(freqs)
    late = Audit("lambda x: p_fn(x * freq), the first of 6", purenet.audit(sharing[0], x))
    kept = Audit("lambda x, p_fn=p_fn, freq=freq: p_fn(x * freq)", purenet.audit(keeping[0], x))
    twin = Audit(
        "embed(x, freqs)",
        purenet.audit(pure.embed, jnp.array(x), jnp.array(freqs), argnums=(0, 1)),
    )
    return [late, kept, twin], [
        found(
            "the audit names the two variables that all six lambdas share",
            late,
            ("late-binding", "p_fn"),
            ("late-binding", "freq"),
        ),
        found("with defaults the audit finds nothing: each lambda has its own values", kept),
        found("the audit finds nothing in the broadcast expression", twin, is_original=False),
    ]
