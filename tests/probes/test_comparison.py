"""Claimed against measured: which gaps count, which explain themselves, and which prove something."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest

from gradcheck.differences.estimate import Estimate, Status
from gradcheck.probes.comparison import Comparison

RTOL = 1e-4


def estimate(
    value: float = 1.0,
    error: float = 1e-9,
    status: Status = Status.CONVERGED,
    sides: tuple[float, float] | None = None,
    rise: float = 0.0,
) -> Estimate:
    left, right = sides or (value, value)
    return Estimate(value, error, status, left, right, error, 2.0**-10, 1e-16, 6, -10, rise)


def comparison(gap: float = 0.0, rounding: float = 0.0, **options: Any) -> Comparison:
    """A claim that is off by a gap, where ten entries each contribute 1."""
    own = {name: options.pop(name) for name in ("zero", "reference", "norm") if name in options}
    found = estimate(**options)
    norm = own.pop("norm", math.sqrt(10))
    return Comparison(found.value + gap, rounding, found, RTOL, norm, RTOL, **own)


def test_gap_is_claimed_minus_measured() -> None:
    assert comparison(gap=0.25, value=2.0).gap == pytest.approx(0.25)
    assert comparison(gap=-0.25, value=2.0).gap == pytest.approx(-0.25)


def test_the_error_bar_holds_that_of_the_slope_and_the_rounding_of_the_claim() -> None:
    assert comparison(rounding=3e-9, error=2e-9).error_bar == pytest.approx(5e-9)


@pytest.mark.parametrize(("gap", "significant"), [(2.9e-6, False), (3.1e-6, True), (-3.1e-6, True), (-2.9e-6, False)])
def test_a_gap_is_significant_beyond_its_error_bar(gap: float, significant: bool) -> None:
    assert comparison(gap=gap, error=2e-6, rounding=1e-6).significant is significant


def test_clearness_is_the_gap_in_error_bars() -> None:
    assert comparison(gap=6e-6, error=2e-6, rounding=1e-6).clearness == pytest.approx(2.0, rel=1e-6)
    assert comparison(gap=6e-6, error=0.0).clearness == math.inf


@pytest.mark.parametrize(("gap", "material"), [(4.05e-4, False), (4.3e-4, True), (-4.3e-4, True)])
def test_a_gap_is_material_on_the_scale_of_all_entries_together(gap: float, material: bool) -> None:
    """1e-4 of √10 is 3.16e-4; the error bar of 1e-4 comes on top."""
    assert comparison(gap=gap, error=1e-4).material is material


@pytest.mark.parametrize(("error", "resolved"), [(0.9e-4, True), (1.1e-4, False)])
def test_resolved_means_that_an_error_in_one_small_entry_would_show(error: float, resolved: bool) -> None:
    assert comparison(error=error).resolved is resolved


def test_a_blunt_measurement_neither_agrees_nor_disagrees() -> None:
    blunt = comparison(gap=5e-4, error=1e-3)
    assert not blunt.agrees
    assert not blunt.disagrees
    sharp = comparison(gap=5e-8, error=1e-7)
    assert sharp.agrees
    assert not sharp.disagrees


def test_a_gap_within_the_tolerance_agrees_however_coarse_the_claim_is() -> None:
    coarse = comparison(gap=5e-5, rounding=1e-3, error=1e-6)
    assert not coarse.resolved
    assert coarse.agrees
    assert not comparison(gap=1.1e-4, rounding=1e-3, error=1e-6).agrees
    assert coarse.hidden == 1e-6  # the claim as it is was measured; how it was rounded hides nothing
    for one in (comparison(gap=5e-8, rounding=1e-6, error=1e-7), comparison(gap=1.1e-4, rounding=1e-3, error=1e-6)):
        assert one.hidden == one.error_bar


@pytest.mark.parametrize(
    ("gap", "error", "disagrees"),
    [
        (0.9e-6, 0.5e-6, False),  # significant, below a hundredth of the tolerance, fewer than four bars
        (1.1e-6, 0.5e-6, True),  # above a hundredth of the tolerance
        (0.9e-6, 0.2e-6, True),  # more than four bars
        (0.9e-6, 0.3e-6, False),
        (1e-2, 1.1e-2, False),  # not significant
    ],
)
def test_a_small_significant_gap_is_rounding_unless_it_is_clear(gap: float, error: float, disagrees: bool) -> None:
    assert comparison(gap=gap, error=error).disagrees is disagrees
    assert not (disagrees and comparison(gap=gap, error=error).agrees)


@pytest.mark.parametrize(
    ("gap", "error", "proves"),
    [
        (4.1e-3, 1e-3, True),
        (3.9e-3, 1e-3, False),  # material, not clear
        (3e-4, 1e-9, False),  # clear, not material
        (3.3e-4, 1e-9, True),
    ],
)
def test_proof_takes_a_material_gap_of_four_error_bars(gap: float, error: float, proves: bool) -> None:
    assert comparison(gap=gap, error=error).proves is proves
    assert comparison(gap=-gap, error=error).proves is proves


@pytest.mark.parametrize(
    ("status", "sides", "kink"),
    [
        (Status.KINK, (0.0, 2.0), True),
        (Status.KINK, (2.0, 0.0), True),
        (Status.KINK, (1.0, 1.00005), False),  # would be tolerated
        (Status.KINK, (1.0, 1.00015), True),
        (Status.CONVERGED, (0.0, 2.0), False),
        (Status.KINK, (1.0, math.inf), False),
        (Status.KINK, (math.nan, 1.0), False),
    ],
)
def test_a_kink_has_one_sided_slopes_that_differ_by_what_matters(
    status: Status, sides: tuple[float, float], kink: bool
) -> None:
    assert comparison(status=status, sides=sides).kink is kink


@pytest.mark.parametrize(
    ("error", "rise", "reference", "resolved"),
    [
        (1e-6, 1.0, 0.0, True),
        (1e-3, 1.0, 0.0, False),
        (1e-3, 1.0, 100.0, True),  # small beside what other entries do
        (1e-3, 0.0, 0.0, True),  # the loss does not change at all
    ],
)
def test_a_claim_of_zero_is_resolved_beside_what_the_loss_does(
    error: float, rise: float, reference: float, resolved: bool
) -> None:
    found = comparison(value=0.0, error=error, rise=rise, reference=reference, zero=True, norm=0.0)
    assert found.resolved is resolved
    assert found.agrees is resolved


def test_any_significant_slope_disagrees_with_a_claim_of_zero() -> None:
    assert comparison(gap=-1e-8, value=1e-8, error=0.9e-8, rise=1.0, zero=True).disagrees
    assert not comparison(gap=-1e-8, value=1e-8, error=1.1e-8, rise=1.0, zero=True).disagrees


def test_as_text_it_has_both_values_and_the_bar() -> None:
    assert str(comparison(gap=0.25, value=2.0, error=1e-9)) == "claimed 2.25, measured 2, gap 2.50e-01 ± 1.0e-09"


def test_a_claim_twice_too_large_is_off_by_all_of_the_right_slope() -> None:
    """At a tolerance of 0.6 the gap of 1 beside a claim of 2 matters, for the right slope is 1; half of it does not."""
    twice = Comparison(2.0, 0.0, estimate(1.0, 1e-3), 0.6 * 2.0, 2.0, 0.6)
    assert not twice.proves
    assert twice.judged_by(2.0).proves
    assert not replace(twice, claimed=1.5).judged_by(1.5).proves
    assert not replace(twice, claimed=2.0).judged_by(50.0).proves, "an entry far below its block"
