"""Training over epochs: shuffled, validated, checkpointed, and ended in order by Ctrl-C."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from jax.sharding import Mesh

from purenet import meshes
from purenet.train import interrupt
from purenet.train.checkpoint import Checkpoints
from purenet.train.plan import planned
from purenet.train.run import Fit, Run, restored
from purenet.train.state import TrainState, require_optimizer
from purenet.train.step import require_loss
from purenet.train.validation import validating


def fit(
    loss: Callable,
    optimizer: Any,
    state: TrainState,
    data: Sequence[Any],
    *,
    epochs: int,
    batch_size: int,
    validation: Sequence[Any] | None = None,
    metrics: Mapping[str, Callable] | None = None,
    mesh: Mesh | None = None,
    checkpoint: str | Path | None = None,
    checkpoint_every: int | None = None,
    progress: bool = True,
) -> Fit:
    """Train for a number of epochs, each over every row once, in an order of its own.

    The steps are those of `train_step`, compiled together as a scan over batches. State in, state
    out: neither ``state`` nor ``data`` is written to or used up. The order of an epoch is
    ``purenet.data.batches(state.key, epoch, rows, batch_size)``, the randomness of a step
    ``jax.random.fold_in(state.key, step)``: a state says how to go on, and a training cut in two at
    any step ends with the bits of one that was not.

    Args:
        loss: ``loss(params, *batch) -> scalar``, as for `train_step`. With a keyword-only ``key``
            it is called without it in validation: make None the default, and drop nothing out then.
        optimizer: as for `train_step`, and the one that the state was made with.
        state: from `init`, or of an earlier `fit`.
        data: arrays with rows first, ``(x, t)``; they are kept whole on every device.
        epochs: in all, counted from step 0 of the state: one that is at its end takes no step.
        batch_size: rows of a batch. The last batch of an epoch has what is left, and is a step too.
        validation: arrays as data, on which loss and metrics are taken after every epoch.
        metrics: functions of ``(params, *validation)`` by name, ``{"accuracy":
            train.accuracy(model)}``, each a number.
        mesh: shares the rows of each batch out over the devices of a mesh, those of other processes
            included; every process makes the same call, with the same data.
        checkpoint: a folder. Where it has a checkpoint of this run that is later than the state,
            the training goes on from there, so that the same call resumes a run that was killed.
        checkpoint_every: steps between checkpoints; None is once an epoch.
        progress: a bar of loss, metrics and time left, on a terminal's error output, after two
            seconds.

    Returns:
        A `Fit`: the state, the history, and whether Ctrl-C ended the training early. The first
        Ctrl-C ends it after the steps under way, half a second or so; a second one raises.

    Raises:
        DivergenceError: NaN or infinity in the loss or the parameters: says at which step it began,
            and in which leaf. (Under optax's apply_if_finite and zero_nans a NaN loss may pass.)
        CheckpointError: a checkpoint that cannot be written, as on a full disk; an OSError, which
            has the state and the history so far.
        TypeError: a loss, optimizer or state that is not one; parameters that are not floating
            point.
        ValueError: data that are empty or of different lengths, a batch larger than the data, a
            state beyond the last epoch, a checkpoint of another run.
        ModuleNotFoundError: where checkpoint is given and orbax is not installed.

    >>> import jax, optax
    >>> from purenet import data, nn, train
    >>> digits = data.digits()
    >>> model = nn.two_layer_net(64, 50, 10)
    >>> loss = nn.loss_fn(model, nn.softmax_cross_entropy)
    >>> optimizer = optax.adam(optax.cosine_decay_schedule(0.01, decay_steps=300))
    >>> params = model.init(jax.random.key(0))
    >>> fitted = fit(
    ...     loss,
    ...     optimizer,
    ...     train.init(params, optimizer, jax.random.key(1)),
    ...     (digits.x_train, digits.t_train),
    ...     epochs=20,
    ...     batch_size=100,
    ...     validation=(digits.x_test, digits.t_test),
    ...     metrics={"accuracy": train.accuracy(model)},
    ... )
    >>> fitted.history.loss.shape, fitted.history.metrics["accuracy"].shape
    ((300,), (20,))
    >>> bool(fitted.history.metrics["accuracy"][-1] > 0.95)
    True
    """
    with interrupt.noted() as interrupted:
        require_loss(loss)
        require_optimizer(optimizer)
        validated = validating(loss, validation, metrics)
        plan = planned(
            state,
            data,
            epochs,
            batch_size,
            validates=validated is not None,
            saves=checkpoint is not None,
            every=checkpoint_every,
        )
        mesh = meshes.automatic(mesh)
        validated = None if validated is None else validated.placed(mesh)
        run = Run(loss, optimizer, plan, mesh, meshes.replicated(mesh, tuple(data)), validated)
        reached = run.start(state)
        if checkpoint is None:
            return run.to_the_end(reached, None, progress, interrupted)
        with Checkpoints(checkpoint, reached.state, run.description()) as checkpoints:
            reached = restored(checkpoints, plan, reached)
            return run.to_the_end(reached, checkpoints, progress, interrupted)
