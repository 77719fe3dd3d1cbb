"""The comparisons for machines: JSON with every number at full precision and every verdict."""

import json
import math
import platform
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from typing import Any

import numpy as np

from comparisons import measures
from comparisons.exhibition import Exhibition
from comparisons.runs import Outcome
from comparisons.settings import Settings


def document(runs: Sequence[Outcome], settings: Settings) -> str:
    """The outcomes, their verdicts, and what they were measured with, as JSON text.

    Numbers have the digits to be read back exactly. JSON has no word for those that are not
    finite: they are the texts "NaN", "Infinity" and "-Infinity".
    """
    import jax  # here, as in runs: the command line's own errors need not wait for it

    with jax.enable_x64(True):
        dtype = jax.numpy.result_type(float)
    contents = {
        "holds": all(run.holds for run in runs),
        "seconds": sum(run.seconds for run in runs),
        "versions": {
            "python": platform.python_version(),
            **{package: version(package) for package in ("jax", "jaxlib", "numpy")},
        },
        "dtype": dtype.name,
        "mnist": settings.mnist,
        "exhibits": [_run(run) for run in runs if run.name not in measures.NAMES],
        "measures": [_run(run) for run in runs if run.name in measures.NAMES],
    }
    return json.dumps(_plain(contents), indent=2, allow_nan=False) + "\n"


def _run(run: Outcome) -> dict[str, Any]:
    head = {"name": run.name, "holds": run.holds, "seconds": run.seconds, "error": None}
    if isinstance(run.result, Exception):
        return head | {"error": f"{type(run.result).__name__}: {run.result}"}
    if isinstance(run.result, Exhibition):
        return head | _exhibition(run.result)
    return head | {"title": run.result.title} | run.result.record()


def _exhibition(shown: Exhibition) -> dict[str, Any]:
    ablation = shown.ablation
    return {
        "title": shown.title,
        "claims": [vars(claim) for claim in shown.claims],
        "ablation": ablation and vars(ablation) | {"holds": ablation.holds},
        "notes": shown.notes,
        "audits": [{"label": one.label} | one.report.to_dict() for one in shown.audits],
    }


def _plain(value: Any) -> Any:
    """The value in the types that JSON has: arrays as lists, what is not finite as text."""
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else _unfinite(value)
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if hasattr(value, "__array__"):
        return _plain(np.asarray(value).tolist())
    return str(value)


def _unfinite(value: float) -> str:
    if math.isnan(value):
        return "NaN"
    return "Infinity" if value > 0 else "-Infinity"
