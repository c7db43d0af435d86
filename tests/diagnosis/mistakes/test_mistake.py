"""Variants apply the transformation that they describe, and their adjoints and inverses belong to it."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np
import pytest

from gradcheck.diagnosis.context import Context
from gradcheck.diagnosis.mistakes import BY_SLUG, FACTOR_MISTAKES, MISTAKES
from gradcheck.diagnosis.mistakes.mistake import (
    AdditiveTerm,
    LinearMap,
    ObservedMistake,
    Permutation,
    Rounded,
    differs,
    same_factor,
)
from gradcheck.nn.layer import Array
from gradcheck.subjects.convert import as_subject
from tests.diagnosis.mistakes.cases import matrices, variants


def all_variants(kind: type) -> Iterator[tuple[str, Array, object]]:
    """Yield the variants of one kind that the catalogue has for single blocks of several shapes."""
    for g in matrices():
        subject = as_subject(lambda x: float(np.sum(x)), lambda x: x, g.copy())
        for mistake in MISTAKES:
            for detail, variant in variants(mistake.slug, subject, 0, (g,)).items():
                if isinstance(variant, kind):
                    yield f"{mistake.slug} {detail}", g, variant


def test_permutations_have_the_inverse_adjoint_that_a_fit_relies_on() -> None:
    """⟨T g, T⁻ᵀ v⟩ = ⟨g, v⟩ for all g and v."""
    rng = np.random.default_rng(0)
    seen = 0
    for name, g, variant in all_variants(Permutation):
        assert isinstance(variant, Permutation)
        if name.split()[0] in ("mean-sum", "constant-factor"):
            continue  # a multiple: a fit finds the factor in the identity, and never tests these
        v = rng.normal(size=g.shape)
        other = (variant.inverse_adjoint or variant.transform)(v)
        assert np.sum(variant.apply((g,)) * other) == pytest.approx(np.sum(g * v)), name
        seen += 1
    assert seen > 30


def test_linear_maps_have_their_adjoint_and_know_their_range() -> None:
    """⟨T g, v⟩ = ⟨g, Tᵀ v⟩, T g is in the range, and a generic array is not."""
    rng = np.random.default_rng(0)
    seen = 0
    for name, g, variant in all_variants(LinearMap):
        assert isinstance(variant, LinearMap)
        v = rng.normal(size=g.shape)
        wrong = variant.apply((g,))
        assert np.sum(wrong * v) == pytest.approx(np.sum(g * variant.adjoint(v))), name
        assert variant.in_range(wrong), name
        assert not variant.in_range(v), name
        seen += 1
    assert seen > 20


def test_an_additive_term_has_the_given_sign_and_strength() -> None:
    g, term = np.array([1.0, 2.0]), np.array([10.0, -10.0])
    np.testing.assert_allclose(AdditiveTerm("", term, 1, 0).apply((g,), 0.5), [6.0, -3.0])
    np.testing.assert_allclose(AdditiveTerm("", term, -1, 0).apply((g,), 0.5), [-4.0, 7.0])


def test_rounding_keeps_the_type_and_loses_digits() -> None:
    g = np.array([1.0, 1.0 + 2.0**-20])
    wrong = Rounded("float16", np.dtype(np.float16), 0).apply((g,))
    assert wrong.dtype == np.float64
    np.testing.assert_array_equal(wrong, [1.0, 1.0])


@pytest.mark.parametrize(
    ("factor", "wanted", "error", "same"),
    [
        (2.0, 2.0, 0.0, True),
        (2.0 + 1e-12, 2.0, 0.0, True),
        (2.0 + 1e-6, 2.0, 0.0, False),
        (2.01, 2.0, 0.02, True),
        (-2.0, 2.0, 0.02, False),
    ],
)
def test_factors_are_the_same_within_their_error_bound(factor: float, wanted: float, error: float, same: bool) -> None:
    assert same_factor(factor, wanted, error) is same


def test_rounding_is_no_difference_and_another_shape_is_one() -> None:
    x = np.array([1.0, 1000.0])
    assert not differs(x * (1 + 1e-14), x)
    assert not differs(np.zeros(3), np.zeros(3))
    assert differs(x + np.array([0.0, 1e-3]), x)
    assert differs(x[None], x)


def test_the_catalogue_is_complete_and_unambiguous() -> None:
    codes = [mistake.code for mistake in MISTAKES]
    assert len(set(codes)) == len(codes) == len(BY_SLUG)
    assert [mistake.slug for mistake in FACTOR_MISTAKES] == ["sign-flipped", "mean-sum", "constant-factor"]
    for mistake in MISTAKES:
        assert repr(mistake) == f"<{mistake.code} {mistake.slug}>"
        assert mistake.fix.endswith(".")
        assert not mistake.description.endswith(".")


def test_details_identify_the_variants_of_a_mistake() -> None:
    """A fit pairs the variants at two points by their details."""
    for g, mistake in itertools.product(matrices(), MISTAKES):
        subject = as_subject(lambda x: float(np.sum(x)), lambda x: x, g.copy())
        found = list(mistake.variants(Context(subject, subject.point, (g,)), 0))
        assert len({variant.detail for variant in found}) == len(found), mistake


def test_observed_mistakes_have_no_variants() -> None:
    observed = {mistake.slug for mistake in MISTAKES if isinstance(mistake, ObservedMistake)}
    assert observed == {
        "not-finite",
        "nondeterministic",
        "mutates-input",
        "isolated-entries",
        "solver-tolerance",
        "underflow",
        "not-adjoint",
        "asymmetric-hessian",
        "missing-block",
        "wrong-sparsity",
        "gauss-newton",
    }
    x = np.ones(3)
    subject = as_subject(lambda x: float(np.sum(x)), lambda x: x, x)
    assert not any(variants(slug, subject, 0, (x,)) for slug in observed)
