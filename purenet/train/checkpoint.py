"""Checkpoints of a training in a folder, by orbax: whole ones only, the last two kept."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from purenet import trees
from purenet.train.history import History
from purenet.train.state import TrainState

_KEPT = 2
_MENDS = {
    "leaves": "go on with the parameters and the optimizer it began with",
    "key": "go on with the key it began with",
    "rows": "go on with the data it began with",
    "data": "go on with the data it began with",
    "batch_size": "go on with its batch_size",
    "measured": "go on with its validation and metrics",
}


class CheckpointError(OSError):
    """A checkpoint could not be written, as on a full disk; the training so far is not lost.

    Attributes:
        state: the state that was to be written.
        history: up to there.
    """

    def __init__(self, message: str, state: TrainState, history: History):
        super().__init__(message)
        self.state = state
        self.history = history


class Checkpoints:
    """The checkpoints of one training, each of its state and of its history so far.

    Orbax writes each into a temporary folder and renames it once it is complete, so that a run
    killed at any moment leaves whole checkpoints, and perhaps a remnant that is never read.
    """

    def __init__(self, folder: str | Path, state: TrainState, run: Mapping[str, Any]):
        """``run`` has what else must agree for a run to be gone on with, in the types of JSON."""
        self.orbax = _orbax()
        self.folder = Path(folder).absolute()
        if self.folder.exists() and not self.folder.is_dir():
            raise ValueError(
                f"got checkpoint={self.folder}, which is a file; wanted a folder, or a path where "
                "one can be made; name another path"
            )
        self.run = {**run, "leaves": _described(state)}
        self.manager = self.orbax.CheckpointManager(
            self.folder,
            options=self.orbax.CheckpointManagerOptions(
                preservation_policy=self.orbax.checkpoint_managers.LatestN(_KEPT),
                enable_async_checkpointing=False,
                cleanup_tmp_directories=True,
            ),
        )

    @property
    def latest(self) -> int:
        """How many steps had been taken at the latest checkpoint; -1 where there is none."""
        step = self.manager.latest_step()
        return -1 if step is None else step

    def save(self, state: TrainState, history: History) -> None:
        """Write a checkpoint, unless there is one as late.

        Raises:
            CheckpointError: where it cannot be written.
        """
        step = int(state.step)
        if step <= self.latest:
            return
        args = self.orbax.args
        lengths = {"steps": len(history.step), "validations": len(history.validation_step)}
        arrays = _nonempty({**_state_arrays(state), **_history_arrays(history)})
        run = {**self.run, **lengths}
        items = args.Composite(arrays=args.StandardSave(arrays), run=args.JsonSave(run))
        try:
            self.manager.save(step, args=items)
        except (ValueError, OSError) as error:
            raise CheckpointError(
                f"got no checkpoint of step {step} into {self.folder} ({error}); wanted room for "
                "it, and leave to write; make room and call fit again, which goes on from the last "
                "whole one, or go on from this error's state and history",
                state,
                history,
            ) from error

    def restore(self, state: TrainState, history: History) -> tuple[TrainState, History]:
        """The latest checkpoint, in the structure, dtypes and places of the state given.

        Raises:
            ValueError: where it is of another run, or damaged.
        """
        step = self.latest
        found = self._read(step, run=self.orbax.args.JsonRestore()).run
        self._require_same(found, step)
        like_state = _state_arrays(state)
        like_history = {
            name: np.zeros(found["validations" if "validation" in name else "steps"], array.dtype)
            for name, array in _history_arrays(history).items()
        }
        wanted = {**like_state, **like_history}
        templates = jax.tree.map(_template, _nonempty(wanted))
        restored = self._read(step, arrays=self.orbax.args.StandardRestore(templates)).arrays
        arrays = {**wanted, **restored}
        return _as_state(state, [arrays[name] for name in like_state]), _as_history(
            history, {name: arrays[name] for name in like_history}
        )

    def _read(self, step: int, **items: Any) -> Any:
        """Items of a checkpoint; orbax has sums of its own to see damage by."""
        try:
            return self.manager.restore(step, args=self.orbax.args.Composite(**items))
        except (ValueError, OSError) as error:
            raise ValueError(
                f"got the checkpoint of step {step} in {self.folder}, which cannot be read "
                f"({type(error).__name__}); wanted a whole one; delete {self.folder / str(step)}, "
                "and the run goes on from the one before"
            ) from error

    def __enter__(self) -> "Checkpoints":
        """These checkpoints, their folder open until the block ends."""
        return self

    def __exit__(self, *error: object) -> None:
        """Close the folder."""
        self.manager.close()

    def _require_same(self, found: Mapping[str, Any], step: int) -> None:
        for name, ours in self.run.items():
            theirs = found[name]
            if theirs == ours:
                continue
            if name == "leaves":
                ours, theirs = _first_difference(ours, theirs)
            raise ValueError(
                f"got {name} {ours} where the checkpoint of step {step} in {self.folder} has "
                f"{theirs}; wanted the same run; {_MENDS[name]}, or name another folder"
            )


def _orbax() -> Any:
    try:
        import orbax.checkpoint
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            "got no orbax, which writes the checkpoints; wanted it installed; "
            "run pip install 'purenet[checkpoint]'"
        ) from error
    return orbax.checkpoint


def _described(state: TrainState) -> list[str]:
    paths = [path.removeprefix("state.") for path in trees.leaf_paths(state, "state")]
    return [
        f"{path} {leaf.dtype.name}{list(leaf.shape)}"
        for path, leaf in zip(paths, jax.tree.leaves(state), strict=True)
    ]


def _first_difference(ours: list[str], theirs: list[str]) -> tuple[str, str]:
    only_ours = [leaf for leaf in ours if leaf not in theirs]
    only_theirs = [leaf for leaf in theirs if leaf not in ours]
    return (only_ours or ["none more"])[0], (only_theirs or ["none such"])[0]


def _state_arrays(state: TrainState) -> dict[str, Any]:
    """The leaves by number, keys as the numbers they are made of."""
    leaves = [
        jax.random.key_data(leaf) if _is_key(leaf) else leaf for leaf in jax.tree.leaves(state)
    ]
    return {f"state {number}": leaf for number, leaf in enumerate(leaves)}


def _as_state(like: TrainState, leaves: list[Any]) -> TrainState:
    old, structure = jax.tree.flatten(like)
    new = [
        jax.random.wrap_key_data(leaf, impl=jax.random.key_impl(was)) if _is_key(was) else leaf
        for was, leaf in zip(old, leaves, strict=True)
    ]
    return jax.tree.unflatten(structure, new)


def _history_arrays(history: History) -> dict[str, np.ndarray]:
    metrics = {f"validation metric {name}": value for name, value in history.metrics.items()}
    return {
        "step": history.step,
        "loss": history.loss,
        "validation step": history.validation_step,
        "validation loss": history.validation_loss,
        **metrics,
    }


def _as_history(like: History, arrays: Mapping[str, Any]) -> History:
    return History(
        arrays["step"],
        arrays["loss"],
        arrays["validation step"],
        arrays["validation loss"],
        {name: arrays[f"validation metric {name}"] for name in like.metrics},
    )


def _nonempty(arrays: Mapping[str, Any]) -> dict[str, Any]:
    """Orbax refuses arrays without elements; there is nothing in them to keep."""
    return {name: array for name, array in arrays.items() if array.size}


def _template(array: Any) -> Any:
    if isinstance(array, np.ndarray):
        return array
    return jax.ShapeDtypeStruct(array.shape, array.dtype, sharding=array.sharding)


def _is_key(leaf: Any) -> bool:
    return jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key)
