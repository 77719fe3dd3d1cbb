"""The same training by everyone: losses step by step, accuracy at the end, and their plot."""

from pathlib import Path
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np

from comparisons.measures.training.contenders import (
    MUTATING,
    PURE,
    TORCH,
    contenders,
    with_one_thread,
)
from comparisons.measures.training.problems import Problem
from purenet import train

COMPARED = 100  # steps at which losses must be equal


class Curves(NamedTuple):
    """One problem trained by everyone, in float64.

    Attributes:
        name: of the problem.
        tested: how many images the accuracy is of.
        losses: of every step, by contender.
        accuracies: on the test set, in per cent, by contender.
    """

    name: str
    tested: int
    losses: dict[str, np.ndarray]
    accuracies: dict[str, float]

    def apart(self, contender: str) -> float:
        """The largest difference from the mutating original's losses, over the first 100 steps."""
        ours, theirs = self.losses[contender][:COMPARED], self.losses[MUTATING][:COMPARED]
        return float(np.max(np.abs(ours - theirs)))

    @property
    def points(self) -> float:
        """By how many points purenet's accuracy differs from the mutating original's."""
        return abs(self.accuracies[PURE] - self.accuracies[MUTATING])


def trained(problem: Problem) -> Curves:
    """Everyone who trains step by step as the original does, from one start on the same batches."""
    names = [name for name in contenders() if name in (MUTATING, TORCH, PURE)]
    found = {name: with_one_thread(contenders()[name](problem))() for name in names}
    of_accuracy = train.accuracy(problem.model)
    x, t = problem.dataset.x_test, problem.dataset.t_test
    accuracies = {
        name: 100 * float(of_accuracy({k: jnp.asarray(p) for k, p in one.params.items()}, x, t))
        for name, one in found.items()
    }
    losses = {name: one.losses for name, one in found.items()}
    return Curves(problem.name, len(x), losses, accuracies)


def draw(curves: list[Curves], file: Path) -> None:
    """Draw the losses, a panel a problem."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5.5 * len(curves), 4.5), layout="constrained")
    panels = figure.subplots(1, len(curves), sharey=True, squeeze=False)[0]
    for axes, one in zip(panels, curves, strict=True):
        panel(axes, one)
        axes.set_title(one.name)
    figure.savefig(file, dpi=130)


def panel(axes: Any, one: Curves) -> None:
    """The losses of one problem, the thinner and later lines on the thicker ones."""
    for width, (name, losses) in zip((6.0, 3.0, 1.0), one.losses.items(), strict=False):
        label = f"{name}: {one.accuracies[name]:.1f} % on the test set"
        axes.plot(_smoothed(losses), linewidth=width, label=label)
    axes.set_xlabel("step")
    axes.set_ylabel("loss, mean of 50 steps")
    axes.set_yscale("log")
    axes.grid(alpha=0.3)
    axes.legend()


def _smoothed(losses: np.ndarray, width: int = 50) -> np.ndarray:
    width = min(width, len(losses))
    return np.convolve(losses, np.full(width, 1 / width), mode="valid")
