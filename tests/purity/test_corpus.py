"""Every program of the corpus audited: exactly what is wrong with it is reported."""

import pytest

from comparisons.measures.purity.programs import impure, pure
from comparisons.measures.purity.verdicts import verdict


@pytest.mark.parametrize("program", [*impure(), *pure()], ids=lambda program: program.name)
def test_the_audit_reports_exactly_the_findings(program, unchecked):  # beartype draws from random
    found = verdict(program)
    assert found.right, str(found)
    assert not found.changed
