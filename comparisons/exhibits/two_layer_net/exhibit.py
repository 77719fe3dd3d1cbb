"""The book's network on handwritten digits: equal gradients, losses and accuracy."""

import jax
import jax.numpy as jnp
import numpy as np

import purenet
from comparisons.claims import Claim, close, fact
from comparisons.exhibition import Ablation, Exhibition, ablate
from comparisons.exhibits.two_layer_net import audits, pure
from comparisons.exhibits.two_layer_net.mutating import TwoLayerNet, captured_loss
from comparisons.settings import Settings
from purenet import data, fd, nn

_HIDDEN, _CLASSES, _BATCH = 50, 10, 100
_LEARNING_RATE, _STEPS, _COMPARED = 0.5, 2000, 100
# Rows on which every coordinate is differenced. On 20, NumPy's BLAS shares each small product
# between its threads, which makes the in-place loop many times slower on MNIST.
_CHECKED = 10


def run(settings: Settings) -> Exhibition:
    """Difference every coordinate on both sides, then train both from one start on one order."""
    name, images = _dataset(settings)
    model = nn.two_layer_net(images.x_train.shape[1], _HIDDEN, _CLASSES)
    params = model.init(jax.random.key(0), dtype=float)
    x, t = images.x_train[:_CHECKED], images.t_train[:_CHECKED]
    examined, diagnoses = audits.run(model, params, x, t)
    claims = [
        *_training(model, params, images, settings),
        *_gradients(model, params, x, t, settings),
        *diagnoses,
    ]
    sizes = f"{len(images.x_train):,} images to train on, {len(images.x_test):,} to test on"
    note = (
        f"{name}: {sizes}; net {images.x_train.shape[1]}-{_HIDDEN}-{_CLASSES}, "
        f"batches of {_BATCH}, learning rate {_LEARNING_RATE}, {_STEPS:,} steps; "
        f"gradients on {_CHECKED} images"
    )
    title = (__doc__ or "").splitlines()[0]
    ablation = _ablation(model, params, x, t)
    return Exhibition("two_layer_net", title, tuple(claims), ablation, (note,), tuple(examined))


def _dataset(settings: Settings) -> tuple[str, data.Dataset]:
    if settings.mnist is None:
        return "scikit-learn's digits", data.digits()
    return f"MNIST from {settings.mnist}", data.mnist(settings.mnist)


def _gradients(model, params, x, t, settings: Settings) -> list[Claim]:
    loss = pure.loss_of(model)
    net = TwoLayerNet(params)
    by_jax = jax.grad(loss)(params, x, t)
    differences: dict = {}
    for name in settings.track(list(params), "writing into every coordinate, twice"):
        differences[name] = _in_place(net, name, x, t)
    by_fd = fd.grad(loss)(params, x, t)
    layered = net.gradient(x, t)
    report = purenet.compare_grads(loss, params, x, t)
    claims = [
        close(
            f"d{name}: the in-place loop, fd.grad and jax.grad agree at all "
            f"{by_jax[name].size:,} coordinates",
            mutating=differences[name],
            pure=by_fd[name],
            expected=by_jax[name],
            tolerance=1e-8,
        )
        for name in params
    ]
    claims += [
        close(
            f"d{name}: the original's backward pass gives what jax.grad gives",
            mutating=layered[name],
            pure=by_jax[name],
            tolerance=1e-14,
        )
        for name in params
    ]
    return [
        fact(
            "compare_grads: jax.grad agrees at every coordinate",
            holds=report.ok,
            pure=f"{sum(not leaf.ok for leaf in report.leaves)} of {len(report.leaves)} disagree",
        ),
        *claims,
        *audits.lifted(net, x, t, differences, by_jax),
    ]


def _in_place(net: TwoLayerNet, name: str, x, t) -> np.ndarray:
    part = TwoLayerNet(net.params)
    part.params = {name: part.params[name]}
    return part.numerical_gradient(x, t)[name]


def _training(model, params, images: data.Dataset, settings: Settings) -> list[Claim]:
    draw = np.random.default_rng(0)
    batches = np.stack([draw.choice(len(images.x_train), _BATCH) for _ in range(_STEPS)])
    net = TwoLayerNet(params)
    losses = [
        net.step(images.x_train[batch], images.t_train[batch], _LEARNING_RATE)
        for batch in settings.track(list(batches), "training the original")
    ]
    trained, pure_losses = pure.train(
        pure.loss_of(model),
        params,
        jnp.asarray(images.x_train),
        jnp.asarray(images.t_train),
        jnp.asarray(batches),
        _LEARNING_RATE,
    )
    accuracies = (
        100 * float(net.accuracy(images.x_test, images.t_test)),
        100 * float(pure.accuracy(model, trained, images.x_test, images.t_test)),
    )
    return [
        close(
            f"the loss is the same at each of the first {_COMPARED} steps",
            mutating=np.array(losses[:_COMPARED]),
            pure=pure_losses[:_COMPARED],
            tolerance=1e-12,
        ),
        close(
            f"the last of {_STEPS:,} losses is the same",
            mutating=losses[-1],
            pure=pure_losses[-1],
            tolerance=1e-6,
        ),
        close(
            "the accuracy on the test set, in per cent, is the same",
            mutating=accuracies[0],
            pure=accuracies[1],
            tolerance=0.5,
        ),
        fact(
            "both have learnt: over 90 per cent",
            holds=min(accuracies) > 90,
            mutating=accuracies[0],
            pure=accuracies[1],
        ),
    ]


def _ablation(model, params, x, t) -> Ablation:
    net = TwoLayerNet(params)
    loss = pure.loss_of(model)

    def set_state(W1):
        net.params["W1"][...] = W1

    return ablate(
        argument="W1",
        state="net.params['W1']",
        mutating=captured_loss(net, x, t),
        pure=lambda W1: loss(params | {"W1": jnp.asarray(W1)}, x, t),
        unchanged=np.array(params["W1"]),
        changed=2 * np.array(params["W1"]),
        set_state=set_state,
    )
