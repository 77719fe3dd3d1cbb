"""Lambdas in a loop: defaults keep each pair, without them the last one wins; or one broadcast."""

import jax
import numpy as np
import pytest

from comparisons.exhibits.captured_defaults import audits, exhibit, pure
from comparisons.exhibits.captured_defaults.mutating import (
    build_embedding,
    build_embedding_without_defaults,
    embed,
)
from comparisons.settings import Settings

FREQS = [1.0, 2.0, 4.0]
X = np.array([0.3, -1.2, 2.0])


def test_defaults_keep_the_pair_each_lambda_was_built_with():
    first, second, third, *_ = build_embedding(FREQS)
    np.testing.assert_array_equal(first(X), np.sin(X))
    np.testing.assert_array_equal(second(X), np.cos(X))
    np.testing.assert_array_equal(third(X), np.sin(2 * X))


def test_without_defaults_every_lambda_uses_the_last_pair():
    for fn in build_embedding_without_defaults(FREQS):
        np.testing.assert_array_equal(fn(X), np.cos(4 * X))


@pytest.mark.parametrize("transform", [lambda f: f, jax.jit], ids=["no jit", "jit"])
def test_the_broadcast_expression_is_the_encoding_with_defaults(transform, x64):
    encoded = transform(pure.embed)(X, np.array(FREQS))
    np.testing.assert_allclose(encoded, embed(build_embedding(FREQS), X), rtol=0, atol=1e-15)


def test_the_audit_names_both_variables_of_the_loop_and_none_with_defaults():
    late, kept, twin = audits.run(X, FREQS)[0]
    (finding,) = late.report.findings
    assert finding.kind == "late-binding"
    assert set(finding.subjects) == {"p_fn", "freq"}
    assert kept.report.ok
    assert twin.report.ok


@pytest.mark.full
def test_every_claim_holds_and_the_ablation_separates_the_two(x64):
    shown = exhibit.run(Settings())
    assert [claim.sentence for claim in shown.claims if not claim.holds] == []
    assert len(shown.claims) == 11
    assert shown.ablation is not None
    assert shown.ablation.holds
    assert shown.holds
