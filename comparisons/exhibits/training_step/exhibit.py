"""Object-style training steps and pure ones: the same trajectory, to round-off."""

import math

import jax
import jax.numpy as jnp
import numpy as np

from comparisons.claims import Claim, close, equal, fact
from comparisons.exhibition import Ablation, Exhibition, ablate
from comparisons.exhibits.training_step import audits, mutating, pure
from comparisons.settings import Settings
from purenet.nn import initializers

_INPUTS, _OUTPUTS, _BATCH = 4, 3, 32
_ITERATIONS, _BASE_LR = 60, 0.1
_DRAWN = (400, 300)  # (out, in) of the weights whose law is measured
_FOUR_SIGMA = 4 / math.sqrt(2 * _DRAWN[0] * _DRAWN[1])  # of a standard deviation, relative


def run(settings: Settings) -> Exhibition:
    """Train from one start on both sides; forget zero_grad; enter no_grad; draw weights."""
    del settings
    torch = mutating.torch_if_installed()
    examined, diagnoses = audits.run(*_problem(), _BASE_LR)
    claims = [*_accumulation(), *_trajectory(torch), *diagnoses, *_no_grad(), *_initialisers()]
    original = f"PyTorch {torch.__version__}" if torch else "the NumPy module (no PyTorch here)"
    title = (__doc__ or "").splitlines()[0]
    notes = (
        f"The original that the trajectory is compared with: {original}.",
        "The audits are of the NumPy module: purenet.audit is for functions of NumPy and of JAX.",
    )
    return Exhibition("training_step", title, tuple(claims), _ablation(), notes, tuple(examined))


def _problem():
    draw = np.random.default_rng(6)
    weight = draw.normal(size=(_OUTPUTS, _INPUTS))
    bias = draw.normal(size=_OUTPUTS)
    x = draw.normal(size=(_BATCH, _INPUTS))
    t = draw.normal(size=(_BATCH, _OUTPUTS))
    return weight, bias, x, t


def _trajectory(torch) -> list[Claim]:
    weight, bias, x, t = _problem()
    with_numpy = mutating.train(weight, bias, x, t, _BASE_LR, _ITERATIONS)
    if torch is None:
        original = with_numpy
    else:
        original = mutating.train_with_torch(torch, weight, bias, x, t, _BASE_LR, _ITERATIONS)
    twin = pure.train({"weight": weight, "bias": bias}, x, t, _BASE_LR, _ITERATIONS)
    names = ("loss", "learning rate", "weight")
    claims = [
        close(
            f"the {name} is the same at each of {_ITERATIONS} steps",
            mutating=theirs,
            pure=ours,
            tolerance=1e-13,
        )
        for name, theirs, ours in zip(names, original, twin, strict=True)
    ]
    if torch is not None:
        claims.append(
            close(
                "the NumPy module takes the same steps as PyTorch",
                mutating=with_numpy[2],
                expected=original[2],
                tolerance=1e-13,
            )
        )
    return claims


def _accumulation() -> list[Claim]:
    weight, bias, x, t = _problem()
    module = mutating.Linear(weight, bias)
    mutating.MeanSquaredError(module, x, t).backward()
    once = module.weight.grad.copy()
    mutating.MeanSquaredError(module, x, t).backward()
    params = {"weight": jnp.array(weight), "bias": jnp.array(bias)}
    gradient = jax.grad(pure.loss)(params, x, t)["weight"]
    again = jax.grad(pure.loss)(params, x, t)["weight"]
    state = pure.start(pure.sgd(_BASE_LR), params)
    pure.step(pure.sgd(_BASE_LR), state, x, t)
    return [
        close(
            "the gradient with respect to the weight", mutating=once, pure=gradient, tolerance=1e-14
        ),
        close(
            "without zero_grad a second backward gives twice the gradient",
            mutating=module.weight.grad,
            expected=2 * once,
            tolerance=1e-14,
        ),
        equal("the pure gradient is the same both times", pure=again, expected=gradient),
        equal(
            "a pure step leaves the state that it is given unchanged",
            pure=state.params["weight"],
            expected=weight,
        ),
    ]


def _no_grad() -> list[Claim]:
    weight, bias, x, t = _problem()
    module = mutating.Linear(weight, bias)
    with mutating.no_grad():
        loss = mutating.MeanSquaredError(module, x, t)
    try:
        loss.backward()
        outcome = "backward went through"
    except RuntimeError as error:
        outcome = str(error)
    params = {"weight": jnp.array(weight), "bias": jnp.array(bias)}
    return [
        close(
            "inside no_grad the loss is the same",
            mutating=loss.value,
            pure=pure.loss(params, x, t),
            tolerance=1e-14,
        ),
        equal(
            "inside no_grad backward raises an error; the pure loss has no modes",
            mutating=outcome,
            expected="the loss was computed in a no_grad region",
        ),
    ]


def _initialisers() -> list[Claim]:
    draw, key = np.random.default_rng(7), jax.random.key(7)
    array = np.empty(_DRAWN)
    fans = {"in_axis": -1, "out_axis": -2}
    outputs, inputs = _DRAWN
    limit, std = math.sqrt(6 / (inputs + outputs)), math.sqrt(2 / inputs)

    def written(write, *arguments):
        write(array, *arguments)
        return array.copy()

    def drawn(initializer):
        return initializer(key, _DRAWN, float)

    laws = [
        (
            "Glorot (Xavier) uniform",
            written(mutating.xavier_uniform_, draw),
            drawn(initializers.glorot_uniform(**fans)),
            limit / math.sqrt(3),
        ),
        (
            "He (Kaiming) normal",
            written(mutating.kaiming_normal_, draw),
            # jax.nn.initializers truncates at two deviations and rescales: the same deviation
            drawn(initializers.he_normal(**fans)),
            std,
        ),
        (
            "uniform",
            written(mutating.uniform_, draw, 0.1),
            drawn(initializers.uniform(0.2)) - 0.1,
            0.1 / math.sqrt(3),
        ),
        ("normal", written(mutating.normal_, draw, 0.01), drawn(initializers.normal(0.01)), 0.01),
    ]
    claims = [
        close(
            f"{name}: a ({outputs}, {inputs}) weight has the right standard deviation",
            mutating=theirs.std(),
            pure=ours.std(),
            expected=expected,
            tolerance=_FOUR_SIGMA * expected,
        )
        for name, theirs, ours, expected in laws
    ]
    return [
        *claims,
        fact(
            "Glorot (Xavier) uniform: no number exceeds sqrt(6 / (in + out))",
            holds=bool(max(np.abs(laws[0][1]).max(), np.abs(laws[0][2]).max()) <= limit),
            mutating=np.abs(laws[0][1]).max(),
            pure=np.abs(laws[0][2]).max(),
            expected=limit,
        ),
        equal(
            "the constant initialisers give zeros, and the constant",
            mutating=[written(mutating.constant_, v).mean() for v in (0.0, 0.5)],
            pure=[drawn(initializers.zeros).mean(), drawn(initializers.constant(0.5)).mean()],
            expected=[0.0, 0.5],
        ),
    ]


def _ablation() -> Ablation:
    weight, bias, x, t = _problem()
    module = mutating.Linear(weight, bias)

    def set_state(value):
        module.weight.data[...] = value

    return ablate(
        argument="weight",
        state="module.weight",
        mutating=mutating.captured_loss(module, x, t),
        pure=lambda value: pure.loss({"weight": jnp.asarray(value), "bias": bias}, x, t),
        unchanged=weight,
        changed=2 * weight,
        set_state=set_state,
    )
