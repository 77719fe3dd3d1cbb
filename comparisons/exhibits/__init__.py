"""The exhibits, by name and in the order in which they are shown."""

from importlib import import_module

from comparisons.exhibition import Exhibition
from comparisons.settings import Settings

NAMES = (
    "simple_net",
    "linear_model",
    "addition_net",
    "two_layer_net",
    "variable_tape",
    "training_step",
    "captured_defaults",
    "backward_pass",
)


def run(name: str, settings: Settings) -> Exhibition:
    """Run both sides of one exhibit and return its claims with their verdicts."""
    return import_module(f"comparisons.exhibits.{name}.exhibit").run(settings)
