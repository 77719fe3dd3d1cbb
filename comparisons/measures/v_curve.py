"""The V-curve: the error of a difference against its step, and where the automatic step falls."""

from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from purenet import fd
from purenet.fd.stencils import ORDERS

_X = 0.7
_STEPS = 2.0 ** -np.arange(0, 46)


class Curve(NamedTuple):
    """The errors of one dtype and order at every step, and the automatic choice among them."""

    dtype: str
    order: int
    steps: np.ndarray
    errors: np.ndarray
    chosen_step: float
    chosen_error: float


def errors() -> list[Curve]:
    """The curves of sin at 0.7: float64, and float32 throughout, for every order."""
    curves = []
    for dtype in (np.float64, np.float32):
        with jax.enable_x64(dtype is np.float64):
            curves += [_curve(dtype, order) for order in ORDERS]
    return curves


def draw(curves: list[Curve], file: Path) -> None:
    """Draw the curves, one panel a dtype."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 4.5), layout="constrained")
    dtypes = list(dict.fromkeys(curve.dtype for curve in curves))
    panels = figure.subplots(1, len(dtypes), sharey=True)
    for axes, dtype in zip(panels, dtypes, strict=True):
        panel(axes, [curve for curve in curves if curve.dtype == dtype])
        axes.set_title(f"{dtype}: sin at {_X}; dots are the automatic steps")
    figure.savefig(file, dpi=130)


def panel(axes: Any, curves: list[Curve]) -> None:
    """The curves of one dtype, the automatic choice as a dot on each."""
    styles = ("-", "--", "-.", ":")
    for curve, style in zip(curves, styles, strict=True):
        (line,) = axes.loglog(curve.steps, curve.errors, style, label=f"order {curve.order}")
        axes.plot(curve.chosen_step, curve.chosen_error, "o", color=line.get_color(), markersize=9)
    axes.set_xlabel("step h")
    axes.set_ylabel("relative error")
    axes.grid(alpha=0.3)
    axes.legend()


def _curve(dtype: type, order: int) -> Curve:
    x = jnp.asarray(_X, dtype)
    true = np.cos(float(x))

    def error(step):
        try:
            value = float(fd.grad(jnp.sin, order=order, precision="native", step=step)(x))
        except ValueError:  # a step that leaves x as it is
            return 1.0
        return max(abs(value / true - 1), np.finfo(float).eps / 4)

    chosen = chosen_step(x, order)
    return Curve(
        np.dtype(dtype).name,
        order,
        _STEPS,
        np.array([error(float(h)) for h in _STEPS]),
        chosen,
        error(chosen),
    )


def chosen_step(x: jax.Array, order: int) -> float:
    """The step that fd.grad chooses at x, read off the points at which it evaluates."""
    seen: list[float] = []

    def watched(y):
        seen.append(float(y))
        return float(np.sin(y))

    fd.grad(watched, order=order, precision="native", strategy="host")(np.asarray(x))
    distances = sorted({abs(s - float(x)) for s in seen[-order:]})
    return distances[0]
