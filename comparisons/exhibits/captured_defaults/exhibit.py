"""Lambdas built in a loop: without defaults, all use the loop's last values."""

import jax
import jax.numpy as jnp
import numpy as np

from comparisons.claims import Claim, close, equal
from comparisons.exhibition import Ablation, Exhibition, ablate
from comparisons.exhibits.captured_defaults import audits, pure
from comparisons.exhibits.captured_defaults.mutating import (
    LoopVariables,
    build_embedding,
    build_embedding_without_defaults,
    embed,
)
from comparisons.settings import Settings

_FREQS = [1.0, 2.0, 4.0]
_X = np.array([0.3, -1.2, 2.0])


def run(settings: Settings) -> Exhibition:
    """Encode with the defaults, without them, and by broadcasting."""
    del settings
    examined, diagnoses = audits.run(_X, _FREQS)
    claims = [*_without_defaults(), *_with_defaults(), *_broadcast(), *diagnoses]
    title = (__doc__ or "").splitlines()[0]
    return Exhibition(
        "captured_defaults", title, tuple(claims), _ablation(), audits=tuple(examined)
    )


def _with_defaults() -> list[Claim]:
    kept = build_embedding([2.0], [np.sin])[0]
    return [
        close(
            "with defaults the lambda of p_fn = sin and freq = 2 is sin(2 x)",
            mutating=kept(_X),
            pure=pure.feature(_X, 2.0),
            expected=np.sin(2.0 * _X),
            tolerance=1e-15,
        ),
        close(
            "with defaults the whole encoding is sin f1, cos f1, sin f2, ...",
            mutating=embed(build_embedding(_FREQS), _X),
            pure=pure.embed(_X, _FREQS),
            tolerance=1e-15,
        ),
        equal(
            "a second argument silently replaces a default",
            mutating=kept(_X, np.cos),
            expected=np.cos(2.0 * _X),
        ),
    ]


def _without_defaults() -> list[Claim]:
    late = build_embedding_without_defaults(_FREQS)
    last = np.cos(4.0 * _X)
    return [
        equal(
            "without defaults all six lambdas are cos(4 x), the last pair of the loop",
            mutating=[fn(_X) for fn in late],
            expected=[last] * 6,
        ),
        equal(
            "they share one closure cell for p_fn and one for freq",
            mutating=len({id(cell) for fn in late for cell in fn.__closure__ or ()}),
            expected=2,
        ),
        equal(
            "the first lambda should be sin(x), and is wrong by up to 1.05",
            mutating=float(np.max(np.abs(late[0](_X) - np.sin(_X)))),
            expected=float(np.max(np.abs(last - np.sin(_X)))),
        ),
    ]


def _broadcast() -> list[Claim]:
    derivative = jax.jacobian(lambda f: pure.embed(_X, f))(jnp.array(_FREQS))
    return [
        close(
            "one broadcast expression under jax.jit gives the same",
            mutating=embed(build_embedding(_FREQS), _X),
            pure=jax.jit(pure.embed)(_X, jnp.array(_FREQS)),
            tolerance=1e-15,
        ),
        close(
            "it has a derivative with respect to the frequencies: x cos(2 x)",
            pure=derivative[:, 2, 1],
            expected=_X * np.cos(2.0 * _X),
            tolerance=1e-15,
        ),
    ]


def _ablation() -> Ablation:
    loop = LoopVariables(np.sin, 2.0)
    late = loop.feature()

    def set_state(freq):
        loop.freq = freq

    return ablate(
        argument="freq",
        state="the loop's freq",
        mutating=lambda freq: late(0.3, freq),
        pure=lambda freq: pure.feature(0.3, freq),
        unchanged=2.0,
        changed=4.0,
        set_state=set_state,
    )
