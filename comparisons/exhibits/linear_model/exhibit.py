"""Two functions said to be equivalent are not, and a published gradient is halved."""

import jax
import jax.numpy as jnp
import numpy as np

from comparisons.claims import Claim, close, equal, fact
from comparisons.exhibition import Ablation, Exhibition, ablate
from comparisons.exhibits.linear_model import audits, pure
from comparisons.exhibits.linear_model.mutating import (
    LinearModel,
    assigning_loss,
    captured_loss,
    numerical_gradient,
)
from comparisons.settings import Settings
from purenet import fd

_X = np.array([[1.0], [2.0], [3.0]])
_T = np.array([[2.0], [4.0], [6.0]])
_H = 1e-4  # the step of the published gradient
_GRADIENT = -14.0  # 2 (W - 2) mean(x²) at W = 0.5
_MATRIX = np.arange(6.0).reshape(2, 3)


def run(settings: Settings) -> Exhibition:
    """Compare the two functions, then run the published gradient on three shapes."""
    del settings
    examined, diagnoses = audits.run(_X, _T)
    claims = [*_not_equivalent(), *_halved(), *_index_error(), *diagnoses]
    title = (__doc__ or "").splitlines()[0]
    return Exhibition("linear_model", title, tuple(claims), _ablation(), audits=tuple(examined))


def _not_equivalent() -> list[Claim]:
    captured_model, assigned_model = LinearModel(), LinearModel()
    captured = captured_loss(captured_model, _X, _T)
    assigning = assigning_loss(assigned_model, _X, _T)
    weights = [np.array([[w]]) for w in (0.5, 1.0, 2.0)]
    pure_values = [float(_pure_loss(w)) for w in weights]
    return [
        equal(
            "the lambda gives the same value for any W",
            mutating=[captured(w) for w in weights],
            expected=[10.5, 10.5, 10.5],
        ),
        close(
            "the def follows its argument, as the pure loss does",
            mutating=[assigning(w) for w in weights],
            pure=pure_values,
            expected=[14 / 3 * (w - 2) ** 2 for w in (0.5, 1.0, 2.0)],
            tolerance=1e-14,
        ),
        equal(
            "the def leaves the model changed: its W is now the last argument",
            mutating=assigned_model.W,
            expected=[[2.0]],
        ),
        equal(
            "the lambda leaves the model unchanged",
            mutating=captured_model.W,
            expected=[[0.5]],
        ),
    ]


def _halved() -> list[Claim]:
    vector = np.array([0.5])
    on_vector = numerical_gradient(lambda w: np.mean((_X[:, 0] * w[0] - _T[:, 0]) ** 2), vector)
    model = LinearModel()
    on_matrix = numerical_gradient(captured_loss(model, _X, _T), model.W)
    params = {"W": jnp.array([[0.5]])}
    forward = (_pure_loss(0.5 + _H) - _pure_loss(0.5)) / _H
    return [
        close(
            "on a vector the published gradient is right",
            mutating=on_vector,
            expected=[_GRADIENT],
            tolerance=1e-9,
        ),
        close(
            "on a (1, 1) array it is half a forward difference: -6.99977, not -14",
            mutating=on_matrix.item(),
            expected=forward / 2,
            tolerance=1e-9,
        ),
        close(
            "the published figure is that number, to six digits",
            mutating=on_matrix.item(),
            expected=-6.99977,
            tolerance=5e-6,
        ),
        close(
            "jax.grad of the pure loss is -14",
            pure=jax.grad(pure.loss)(params, _X, _T)["W"],
            expected=[[_GRADIENT]],
            tolerance=1e-13,
        ),
        close(
            "fd.grad of the pure loss is -14, on the (1, 1) array too",
            pure=fd.grad(pure.loss)(params, _X, _T)["W"],
            expected=[[_GRADIENT]],
            tolerance=1e-9,
        ),
    ]


def _index_error() -> list[Claim]:
    broken = _MATRIX.copy()
    try:
        numerical_gradient(np.sum, broken)
        raised = "nothing"
    except IndexError as error:
        raised = type(error).__name__
    untouched = _MATRIX.copy()
    untouched.flags.writeable = False
    gradient = fd.grad(jnp.sum)(untouched)
    return [
        equal(
            "on a (2, 3) array the published gradient stops half-way with an IndexError",
            mutating=raised,
            expected="IndexError",
        ),
        equal(
            "the array keeps its last writes: + 1e-4, then - 1e-4, rounded twice",
            mutating=broken,
            expected=(_MATRIX + _H) - _H,
        ),
        fact(
            "so the array is no longer what it was",
            holds=not np.array_equal(broken, _MATRIX),
            mutating=broken - _MATRIX,
        ),
        close(
            "fd.grad differentiates at the same array, read-only",
            pure=gradient,
            expected=np.ones((2, 3)),
            tolerance=1e-9,
        ),
        fact(
            "fd.grad leaves the array unchanged, bit for bit",
            holds=bool(np.array_equal(untouched, _MATRIX)),
            pure=untouched,
            expected=_MATRIX,
        ),
    ]


def _ablation() -> Ablation:
    model = LinearModel()

    def set_state(W):
        model.W = W

    return ablate(
        argument="W",
        state="model.W",
        mutating=captured_loss(model, _X, _T),
        pure=_pure_loss,
        unchanged=np.array([[0.5]]),
        changed=np.array([[1.0]]),
        set_state=set_state,
    )


def _pure_loss(W):
    return pure.loss({"W": jnp.full((1, 1), jnp.asarray(W, float).reshape(()))}, _X, _T)
