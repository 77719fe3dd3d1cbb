"""Running a plan: call after call of the compiled loop, with what is done between them."""

from collections.abc import Callable
from time import perf_counter
from typing import Any, NamedTuple

import jax
import numpy as np
from jax.sharding import Mesh

from purenet import meshes
from purenet.train import divergence, history, loop, parallel, progress
from purenet.train.checkpoint import Checkpoints
from purenet.train.history import History
from purenet.train.plan import LONGEST, Plan, require_within
from purenet.train.state import TrainState, copied
from purenet.train.step import loss_of_batch
from purenet.train.validation import Validation

_SHORT, _LONG = 0.1, 0.5  # seconds that one call should take, for the bar and for Ctrl-C
_TOGETHER = 32  # steps of a call where several processes have to agree on them


class Fit(NamedTuple):
    """What a training came to: where it ended, and what it measured.

    Attributes:
        state: the last `TrainState`; pass it to `fit` again to go on.
        history: the `History` of losses and metrics.
        interrupted: whether Ctrl-C ended it.
    """

    state: TrainState
    history: History
    interrupted: bool


class Reached(NamedTuple):
    """How far a run has come."""

    step: int
    state: TrainState
    parts: tuple[History, ...]

    @property
    def history(self) -> History:
        """The history of all parts, joined."""
        return history.joined(self.parts)


class Run(NamedTuple):
    """One training, everything checked and in its place."""

    loss: Callable
    optimizer: Any
    plan: Plan
    mesh: Mesh | None
    data: tuple
    validation: Validation | None

    def start(self, state: TrainState) -> Reached:
        """Where the run begins: a copy of the state, and nothing measured yet."""
        state = meshes.replicated(self.mesh, copied(state))
        size = self.plan.batch_size
        batch = tuple(jax.ShapeDtypeStruct((size, *x.shape[1:]), x.dtype) for x in self.data)

        def of_batch(params: Any, batch: tuple) -> jax.Array:
            return loss_of_batch(self.loss, state.key, state.step, batch)(params)

        dtype = jax.eval_shape(of_batch, state.params, batch).dtype
        metrics = {} if self.validation is None else self.validation.metric_dtypes(state.params)
        return Reached(int(state.step), state, (history.empty(dtype, metrics),))

    def description(self) -> dict[str, Any]:
        """What a checkpoint must agree with, beside the leaves of the state."""
        validation = self.validation
        return {
            "key": list(self.plan.key_numbers),
            "rows": self.plan.rows,
            "batch_size": self.plan.batch_size,
            "data": [f"{x.dtype.name}{list(x.shape[1:])}" for x in self.data],
            "measured": [] if validation is None else ["loss", *validation.metrics],
        }

    def to_the_end(
        self,
        reached: Reached,
        checkpoints: Checkpoints | None,
        bar: bool,
        interrupted: Callable[[], bool],
    ) -> Fit:
        """Make one call after another, until all steps are taken or ``interrupted()``."""
        plan = self.plan
        together = jax.process_count() > 1
        length = _TOGETHER if together else 1
        bar = bar and jax.process_index() == 0
        with progress.shown(bar, reached.step, plan.total, plan.batches) as show:
            while reached.step < plan.total and not interrupted():
                start = perf_counter()
                reached = self._onward(reached, plan.stop(reached.step, length))
                if not together:  # processes must not disagree by their clocks
                    length = _next_length(length, perf_counter() - start)
                if checkpoints is not None and plan.saves(reached.step):
                    checkpoints.save(reached.state, reached.history)
                show(reached.step, *history.latest(reached.parts))
        if checkpoints is not None:
            checkpoints.save(reached.state, reached.history)
        return Fit(reached.state, reached.history, reached.step < plan.total)

    def _onward(self, reached: Reached, stop: int) -> Reached:
        """The steps up to a stop in one call, and the validation that is due there."""
        steps = loop.steps(self.loss, self.optimizer, self.mesh)
        indices, count = self.plan.indices(reached.step, stop), stop - reached.step
        placed = parallel.placed_columns(self.mesh, indices)
        after = steps(reached.state, self.data, placed, count)
        losses = np.asarray(after.losses)[:count]
        if not (after.finite and np.isfinite(losses).all()):
            self._require_finite(reached, after, losses, indices)
        parts = (*reached.parts, history.of_steps(reached.parts[0], reached.step, losses))
        if self.validation is not None and self.plan.ends_epoch(stop):
            measured = self.validation.measure(after.state.params)
            parts = (*parts, history.of_validation(parts[0], stop, *measured))
        return Reached(stop, after.state, parts)

    def _require_finite(
        self, reached: Reached, after: loop.Steps, losses: np.ndarray, indices: np.ndarray
    ) -> None:
        if after.finite and divergence.skips(reached.state.opt_state):
            return
        steps = loop.steps(self.loss, self.optimizer, self.mesh)

        def one_step(state: TrainState, place: int) -> loop.Steps:
            one = np.zeros_like(indices)
            one[0] = indices[place]
            return steps(state, self.data, parallel.placed_columns(self.mesh, one), 1)

        before, place = divergence.began(one_step, reached.state, len(losses))
        part = history.of_steps(reached.parts[0], reached.step, losses[:place])
        until = history.joined((*reached.parts, part))
        batch = tuple(x[indices[place]] for x in self.data)
        looked_at = divergence.looked_at(self.loss, self.optimizer, before, batch)
        raise divergence.explained(before, looked_at, self.plan.batches, until)


def restored(checkpoints: Checkpoints, plan: Plan, reached: Reached) -> Reached:
    """The latest checkpoint in place of what was reached, where it is of a later step."""
    if checkpoints.latest <= reached.step:
        return reached
    state, so_far = checkpoints.restore(reached.state, reached.parts[0])
    require_within(plan, int(state.step))
    return Reached(int(state.step), state, (so_far,))


def _next_length(length: int, seconds: float) -> int:
    if seconds < _SHORT:
        return min(2 * length, LONGEST)
    return max(1, length // 2) if seconds > _LONG else length
