"""rich, imported without a trace: as it is imported, it draws from Python's own random numbers."""

import random
import sys


def import_rich() -> None:
    """Import of rich what draws random numbers, and put the state of their generator back.

    Call it before any other import of rich: a run's own numbers must not depend on whether a bar or
    a table was shown before.
    """
    if "rich.style" in sys.modules:
        return
    state = random.getstate()
    try:
        import rich.style  # noqa: F401
    finally:
        random.setstate(state)
