"""Where an equation was written: the file and line of the caller's code."""

import os
import re
from typing import Any

from jax.extend import source_info_util


def written_at(equation: Any) -> str:
    """The file and line of the code that made an equation: ``net.py:12``; "" where unknown."""
    summary = source_info_util.summarize(equation.source_info)
    found = re.match(r"(.+?):(\d+)", summary)
    return f"{os.path.basename(found[1])}:{found[2]}" if found else ""
