"""Running an exhibit or a measure by its name: in float64, timed, its exception kept."""

import ast
import time
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from comparisons import exhibits, measures
from comparisons.exhibition import Exhibition
from comparisons.measures import Measurement
from comparisons.settings import Settings


@dataclass(frozen=True)
class Outcome:
    """What one run came to: what it showed, or else the exception that it raised."""

    name: str
    result: Exhibition | Measurement | Exception
    seconds: float

    @property
    def holds(self) -> bool:
        """It raised nothing, and everything it showed holds."""
        return not isinstance(self.result, Exception) and self.result.holds


def run(name: str, settings: Settings) -> Outcome:
    """Run one exhibit or measure; whatever it raises becomes part of the outcome."""
    import jax  # here, so that --help and --list need not wait for it

    registry = measures if name in measures.NAMES else exhibits
    start = time.perf_counter()
    try:
        with jax.enable_x64(True):
            result = registry.run(name, settings)
    except Exception as error:
        result = error
    return Outcome(name, result, time.perf_counter() - start)


def title(name: str) -> str:
    """The first docstring line of an exhibit or a measure, read without importing it."""
    module = (
        f"comparisons.measures.{name}"
        if name in measures.NAMES
        else f"comparisons.exhibits.{name}.exhibit"
    )
    spec = find_spec(module)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(f"got the name {name!r}; wanted a module {module}; add it")
    source = Path(spec.origin).read_text(encoding="utf-8")
    return (ast.get_docstring(ast.parse(source)) or name).splitlines()[0]
