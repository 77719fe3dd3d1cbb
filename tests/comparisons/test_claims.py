"""A claim holds for what was measured and for nothing else: NaN, another shape, a moved state."""

import jax.numpy as jnp
import numpy as np
import pytest

from comparisons.claims import Audit, close, equal, fact, found
from purenet.purity import Finding, PurityReport

NAN, INFINITY = float("nan"), float("inf")


def test_close_measures_the_largest_deviation_of_either_side():
    claim = close(
        "s", mutating=[1.0, 2.5], pure=jnp.array([1.25, 2.0]), expected=[1, 2], tolerance=1
    )
    assert claim.difference == 0.5
    assert claim.holds
    assert (claim.tolerance, claim.expected) == (1, [1, 2])


@pytest.mark.parametrize(("tolerance", "holds"), [(0.25, True), (0.2499999, False)])
def test_close_allows_the_tolerance_itself_and_no_more(tolerance, holds):
    assert close("s", mutating=1.0, expected=1.25, tolerance=tolerance).holds is holds


def test_close_compares_the_two_sides_where_nothing_is_expected():
    claim = close("s", mutating=3.0, pure=3.5, tolerance=0.1)
    assert (claim.difference, claim.holds) == (0.5, False)


@pytest.mark.parametrize("place", [0, 1, 2])
def test_nan_is_never_close_on_whichever_side_it_stands(place):
    sides = [1.0, 1.0, 1.0]
    sides[place] = NAN
    claim = close("s", mutating=sides[0], pure=sides[1], expected=sides[2], tolerance=INFINITY)
    assert claim.difference is not None
    assert np.isnan(claim.difference)
    assert not claim.holds


def test_nan_on_every_side_is_not_close_either():
    assert not close("s", mutating=NAN, pure=NAN, tolerance=1.0).holds


def test_one_nan_among_close_elements_fails_the_claim():
    assert not close("s", mutating=[1.0, NAN], expected=[1.0, 2.0], tolerance=1.0).holds


def test_equal_infinities_are_close_and_opposite_ones_are_not():
    assert close("s", mutating=INFINITY, expected=INFINITY, tolerance=0.0).difference == 0.0
    assert not close("s", mutating=-INFINITY, expected=INFINITY, tolerance=1e9).holds


@pytest.mark.parametrize("side", [[1.0, 1.0], [[1.0]], 1.0])
def test_a_side_of_another_shape_fails_the_claim_however_wide_the_tolerance(side):
    claim = close("s", mutating=side, pure=[1.0], expected=[1.0], tolerance=1e9)
    assert (claim.difference, claim.holds) == (INFINITY, False)


def test_empty_arrays_of_one_shape_are_close():
    assert close("s", mutating=np.zeros((0, 3)), expected=np.zeros((0, 3)), tolerance=0.0).holds


@pytest.mark.parametrize("statement", [close, equal])
def test_a_claim_that_compares_nothing_is_refused(statement):
    keywords = {"tolerance": 0.0} if statement is close else {}
    with pytest.raises(ValueError, match=r"'lonely' compares nothing; give two of mutating, pure"):
        statement("lonely", pure=1.0, **keywords)


def test_equal_takes_numbers_lists_and_texts_and_no_rounding():
    assert equal(
        "s", mutating=[107, 108], pure=jnp.array([107.0, 108.0]), expected=[107, 108]
    ).holds
    assert equal("s", mutating="IndexError", expected="IndexError").holds
    assert not equal("s", mutating=0.1 + 0.2, expected=0.3).holds
    assert not equal("s", mutating=NAN, expected=NAN).holds
    assert not equal("s", mutating=1, pure=2, expected=1).holds


def test_a_fact_carries_the_verdict_it_was_given_as_a_plain_bool():
    assert fact("s", holds=np.bool_(True)).holds is True
    assert fact("s", holds=False, mutating="IndexError").holds is False


def audited(*pairs):
    findings = tuple(Finding(kind, subject, "f.py:1", "", "") for kind, subject in pairs)
    return Audit("f", PurityReport("f", findings))


BOOK = (("ignored-parameter", "W"), ("aliased-state", "net.W"))


def test_found_holds_for_exactly_the_pairs_in_any_order():
    claim = found("s", audited(*BOOK), *reversed(BOOK))
    assert claim.holds
    assert claim.mutating == claim.expected == "aliased-state net.W; ignored-parameter W"
    assert claim.pure is None


@pytest.mark.parametrize(
    "pairs",
    [
        BOOK[:1],
        (*BOOK, ("mutates-state", "net.calls")),
        (BOOK[0], ("aliased-state", "net.b")),
        (BOOK[0], ("captured-array", "net.W")),
        (*BOOK, BOOK[0]),
        (),
    ],
    ids=["missed", "one more", "another subject", "another kind", "twice", "nothing"],
)
def test_found_fails_for_any_other(pairs):
    assert not found("s", audited(*pairs), *BOOK).holds


def test_found_without_a_pair_is_the_claim_of_a_clean_audit():
    clean = found("s", audited(), is_original=False)
    assert (clean.holds, clean.pure, clean.expected) == (True, "no findings", "no findings")
    impure = found("s", audited(*BOOK), is_original=False)
    assert (impure.holds, impure.mutating) == (False, None)
