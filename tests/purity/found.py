"""Reading reports in tests: what was found, and the line of a test file where it stands."""

import inspect

from purenet.purity import audit


def found(function, *args, **options):
    """The set of (kind, subject) that an audit finds."""
    return {(f.kind, s) for f in audit(function, *args, **options).findings for s in f.subjects}


def places(function, *args, **options):
    """Where each kind was found."""
    return {f.kind: f.where for f in audit(function, *args, **options).findings}


def line(of, text):
    """The one line in the source of ``of`` that holds a text, as reports write it."""
    of = inspect.unwrap(of)
    lines, first = inspect.getsourcelines(of)
    numbers = [first + i for i, each in enumerate(lines) if text in each]
    assert len(numbers) == 1, (text, numbers)
    return f"{inspect.getsourcefile(of).split('/')[-1]}:{numbers[0]}"
