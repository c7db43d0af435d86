"""What a constant fitted to slopes may explain, and what it must not."""

from __future__ import annotations

import pytest

from gradcheck.diagnosis.fit import Fit, Row, fit


def row(claimed: float, expected: float, error: float = 1e-9, norm: float = 1.0) -> Row:
    return Row(claimed, expected, error, norm, 1e-6)


def test_one_constant_at_both_points_is_found_with_its_error() -> None:
    found = fit([[row(0.5, -0.25), row(-1.0, 0.5)], [row(0.3, -0.15)]])
    assert isinstance(found, Fit)
    assert found.factor == pytest.approx(-2.0, abs=1e-6)
    assert found.bar < found.error < 1e-4
    assert not found.plain


def test_a_constant_that_differs_from_point_to_point_is_none() -> None:
    assert fit([[row(0.5, 0.25)] * 2, [row(0.5, 0.2501)] * 2]) is None


def test_one_direction_that_does_not_fit_is_enough() -> None:
    assert fit([[row(0.5, 0.5), row(0.25, 0.25)], [row(0.7, 0.7), row(0.1, 0.1001)]]) is None


def test_slopes_that_tell_nothing_do_not_count() -> None:
    vague = row(0.5, 0.5, error=0.2)
    assert fit([[vague, vague], [vague]]) is None
    assert fit([[row(0.5, 0.5)], [vague]]) is None


def test_one_slope_alone_proves_nothing() -> None:
    assert fit([[row(0.5, 0.5)]]) is None


def test_rounding_of_zero_times_a_large_constant_is_no_explanation() -> None:
    """A constant of 1e12 would make anything of slopes that are zero up to their bars."""
    assert fit([[row(0.5, 5e-13), row(0.3, 3e-13)], [row(0.2, 2e-13)]]) is None


def test_what_is_claimed_to_be_zero_is_no_multiple() -> None:
    assert fit([[row(0.0, 0.5)] * 2, [row(0.0, 0.3)] * 2]) is None


def test_the_chance_of_a_fit_is_what_its_slopes_could_be_off_by() -> None:
    """Two bars of 0.01 and a tolerance of 1e-6 beside a norm of 1; a constant that is needed uses up one slope."""
    coarse = [[row(0.5, 0.5, 0.01), row(-0.7, -0.7, 0.01)], [row(0.6, 0.6, 0.01)]]
    plain = fit(coarse)
    assert plain is not None
    assert plain.chance == pytest.approx(0.020001**3)
    doubled = fit([[row(2 * r.claimed, r.expected, r.error / 2) for r in some] for some in coarse])
    assert doubled is not None
    assert doubled.chance == pytest.approx(0.020001**2, rel=1e-3)


def test_sharp_slopes_weigh_more_than_vague_ones() -> None:
    found = fit([[row(1.0, 0.5, 1e-6), row(1.0, 0.52, 0.05)], [row(-0.6, -0.3, 1e-6)]])
    assert found is not None
    assert found.factor == pytest.approx(2.0, abs=1e-4)
