"""The report drawn: the derivatives against the finite differences, the bound as a band."""

from pathlib import Path
from typing import Any

import numpy as np

from purenet.check.found import Found, LeafReport

_MOST_POINTS = 20_000  # of a leaf; all that disagree are among them
_COLUMNS = 3


def draw(report: Found, file: str | Path | None) -> Any:
    """Draw a panel for each leaf: how far the two derivatives differ, with the bound as a band."""
    try:
        from matplotlib.figure import Figure
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            "got no matplotlib, which draws reports; wanted it installed; "
            "run pip install 'purenet[compare]'"
        ) from error
    leaves = [leaf for leaf in report.leaves if leaf.values is not None]
    if not leaves:
        raise ValueError(
            "got a report without derivatives compared one by one; wanted some to draw; raise "
            "budget, so that every coordinate is compared"
        )
    columns = min(_COLUMNS, len(leaves))
    rows = -(-len(leaves) // columns)
    figure = Figure(figsize=(4.5 * columns, 3.4 * rows), layout="constrained")
    axes = figure.subplots(rows, columns, squeeze=False).ravel()
    for panel, leaf in zip(axes, leaves, strict=False):
        _panel(panel, leaf, report.side)
    for panel in axes[len(leaves) :]:
        panel.set_visible(False)
    figure.suptitle(f"{report.function}: {report.side} - fd against fd, and the bound")
    if file is not None:
        figure.savefig(file)
    return figure


def _panel(panel: Any, leaf: LeafReport, side: str) -> None:
    assert leaf.values is not None
    by_jax, fd, bound = (part.ravel() for part in leaf.values)
    known = np.isfinite(by_jax) & np.isfinite(fd) & np.isfinite(bound)
    by_jax, fd, bound = by_jax[known], fd[known], bound[known]
    wrong = np.abs(by_jax - fd) > bound
    # every so many of what agrees, and all of what does not
    stride = max(1, fd.size // _MOST_POINTS)
    shown = np.zeros(fd.size, bool)
    shown[::stride] = True
    shown |= wrong
    order = np.argsort(fd[shown])
    x, difference = fd[shown][order], (by_jax - fd)[shown][order]
    band, bad = bound[shown][order], wrong[shown][order]
    panel.fill_between(
        x, -band, band, color="0.5", alpha=0.3, linewidth=0, step="mid", label="bound"
    )
    panel.plot(x[~bad], difference[~bad], ".", markersize=3, label="agrees")
    if bad.any():
        panel.plot(x[bad], difference[bad], "x", color="tab:red", label="disagrees")
    largest = float(np.max(band, initial=0.0))
    panel.set_yscale("symlog", linthresh=largest if largest > 0 else 1e-16)
    panel.set_title(f"{leaf.path} ({leaf.mode})", fontsize="medium")
    panel.locator_params(axis="x", nbins=4)
    panel.set_xlabel("finite difference")
    panel.set_ylabel(f"{side} - fd")
    panel.legend(fontsize="small")
