"""A sample of a corpus for every run; the rest of it is marked full."""

from collections.abc import Iterable
from typing import Any

import pytest


def sample(cases: Iterable[Any], *, every: int) -> list[Any]:
    """The cases for parametrize: the first of every so many as it is, the others marked full."""
    return [case if i % every == 0 else _marked(case) for i, case in enumerate(cases)]


def _marked(case: Any) -> Any:
    values = case if type(case) is tuple else (case,)  # of one argument's name or of several
    return pytest.param(*values, marks=pytest.mark.full)
