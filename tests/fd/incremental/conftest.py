"""What the tests of the incremental evaluation share."""

import pytest

from purenet.fd.incremental import evaluate


@pytest.fixture(params=["its plan", pytest.param("other plans", marks=pytest.mark.full)])
def other_plans(request):
    """Whether plans are tried too that would not have been chosen."""
    return request.param == "other plans"


@pytest.fixture
def dense_operations(monkeypatch):
    """The names of the operations that are evaluated densely while a test runs."""
    names = set()
    densely = evaluate.densely

    def noted(operation, values, bases):
        names.add(operation.name)
        return densely(operation, values, bases)

    monkeypatch.setattr(evaluate, "densely", noted)
    return names
