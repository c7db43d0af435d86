"""Typical sizes: the median of the block, at least the entry's own size, and no farther than the loss allows."""

from __future__ import annotations

import numpy as np
import pytest

import gradcheck
from gradcheck.subjects.spaces.numpy_scaling import relevance, scaling_of, small_of
from gradcheck.subjects.spaces.settings import SPACES
from tests.cases import Array, verdict

VISIBLE = 1e-12


def sizes(point: Array, claim: Array, visible: float = VISIBLE) -> Array:
    return np.asarray(scaling_of([point], [claim], visible)[0].size)


def test_an_entry_of_median_size_or_more_has_its_own_size() -> None:
    x = np.array([1.0, -2.0, 3.0, -4.0, 5.0])
    np.testing.assert_allclose(sizes(x, np.full(5, 0.5))[2:], [3.0, 4.0, 5.0])


def test_a_smaller_entry_has_the_median_size_of_its_block() -> None:
    x = np.array([0.0, 1e-6, 3.0, -4.0, 5.0])
    np.testing.assert_allclose(sizes(x, np.ones(5)), [4.0, 4.0, 4.0, 4.0, 5.0])  # of those that are not zero: 3, 4, 5
    y = np.array([0.01, 0.02, 3.0, -4.0, 5.0])
    np.testing.assert_allclose(sizes(y, np.ones(5)), [3.0, 3.0, 3.0, 4.0, 5.0])


def test_an_entry_with_a_steep_slope_moves_less() -> None:
    """It moves so far that it alone changes the loss `reach` times as much as a usual entry does."""
    x = np.array([1e-9, 1.0, 1.0, 1.0, 1.0])
    claim = np.array([1e6, 1.0, 1.0, 1.0, 1.0])
    assert sizes(x, claim)[0] == pytest.approx(SPACES.reach * 1.0 / 1e6)
    assert sizes(x, np.ones(5))[0] == 1.0


def test_an_entry_moves_at_least_by_its_own_size_however_steep() -> None:
    x = np.array([1.0, 1.0, 1.0])
    np.testing.assert_allclose(sizes(x, np.array([1e9, 1.0, 1.0])), 1.0)


def test_where_the_claim_is_zero_the_own_size_serves() -> None:
    x = np.array([1e-3, 2.0, 4.0, 8.0, 16.0])
    claim = np.array([0.0, 1.0, 1.0, 1.0, 1.0])
    assert sizes(x, claim)[0] == 1e-3
    assert sizes(x, np.ones(5))[0] == 4.0


def test_a_block_of_zeros_is_as_large_as_the_largest_other_block() -> None:
    point = [np.zeros(2), np.full(3, 0.25), np.full(3, 7.0)]
    claim = [np.ones(2) * 0.01, np.ones(3), np.ones(3)]
    assert scaling_of(point, claim, VISIBLE)[0].size == pytest.approx(7.0)
    alone = scaling_of([np.zeros(2)], [np.ones(2)], VISIBLE)[0]
    np.testing.assert_array_equal(alone.size, 1.0)


def test_effects_are_slope_times_size() -> None:
    x, claim = np.array([1.0, -2.0, 3.0]), np.array([-0.5, 0.25, 4.0])
    (found,) = scaling_of([x], [claim], VISIBLE)
    np.testing.assert_allclose(found.effect, np.abs(claim) * found.size)
    assert found.largest_effect == 12.0
    assert found.largest_slope == 4.0
    assert found.typical_slope == 0.5


def test_sizes_that_are_known_are_kept() -> None:
    x, claim = np.array([1.0, -2.0, 3.0]), np.array([-0.5, 0.25, 4.0])
    known = scaling_of([10 * x], [claim], VISIBLE)
    (found,) = scaling_of([x], [2 * claim], VISIBLE, known)
    np.testing.assert_array_equal(found.size, known[0].size)
    np.testing.assert_allclose(found.effect, 2 * known[0].effect)


def test_sizes_scale_with_the_units_of_the_parameters() -> None:
    rng = np.random.default_rng(0)
    x, claim = rng.standard_normal(50), rng.standard_normal(50)
    (one,), (other,) = scaling_of([x], [claim], 0.0), scaling_of([1e6 * x], [1e-6 * claim], 0.0)
    np.testing.assert_allclose(other.size, 1e6 * one.size, rtol=1e-12)
    np.testing.assert_allclose(other.effect, one.effect, rtol=1e-12)


def test_small_effects_are_a_low_quantile() -> None:
    effects = np.linspace(1.0, 1000.0, 1000)
    assert small_of(effects, 0.0) == pytest.approx(np.quantile(effects, SPACES.small_quantile), rel=0.1)


def test_small_effects_are_no_smaller_than_a_part_of_the_median() -> None:
    effects = np.geomspace(1e-9, 1.0, 101)
    median = effects[50]
    assert small_of(effects, 0.3) == pytest.approx(0.3 * median)
    assert small_of(effects, 1e-9) == pytest.approx(effects[1])


def test_entries_that_are_zero_or_cancelled_do_not_count() -> None:
    effects = np.array([0.0, 0.0, 1e-16, 2.0, 2.0, 3.0])
    assert small_of(effects, 0.0) == 2.0
    assert small_of(np.array([0.0, 0.0, 1e-12, 2.0, 2.0, 3.0]), 0.0) == 1e-12
    assert small_of(np.zeros(4), 0.3) == 0.0
    assert small_of(np.zeros(0), 0.3) == 0.0


@pytest.mark.parametrize("size", [4096, 100_000])
def test_a_large_block_is_sampled(size: int) -> None:
    effects = np.random.default_rng(0).uniform(1.0, 2.0, size)
    assert small_of(effects, 0.0) == pytest.approx(np.quantile(effects, 0.01), rel=0.01)


def test_in_a_narrow_type_an_entry_is_judged_by_more_of_its_block() -> None:
    parts = [relevance(np.zeros(1, dtype)) for dtype in (np.float64, np.float32, np.float16)]
    assert parts == sorted(parts)
    assert len(set(parts)) == 3
    assert all(0 < small <= 1 and 0 < judged <= 1 for small, judged in parts)


@pytest.mark.parametrize("unit", [2.0, 1e11])
@pytest.mark.parametrize("noise", [0.0, 1e-3])
def test_a_block_too_small_to_be_seen_is_as_large_as_it_takes(unit: float, noise: float) -> None:
    """Moved by its own size, the first block changes the loss by far less than is visible."""
    point, claim = [np.full(4, 1e-150), np.full(3, unit)], [np.ones(4), np.full(3, 4.0 / unit)]
    small, usual = scaling_of(point, claim, VISIBLE, noise_visible=noise)
    np.testing.assert_allclose(small.size, min(unit, SPACES.reach * max(VISIBLE, noise)))
    np.testing.assert_array_equal(usual.size, unit)
    kept, _ = scaling_of([np.full(4, 1e-3), np.full(3, unit)], claim, VISIBLE, noise_visible=noise)
    np.testing.assert_array_equal(kept.size, 1e-3)


@pytest.mark.parametrize("unit", [2.0, 1e11])
def test_a_block_too_small_to_be_seen_is_no_larger_than_others(unit: float) -> None:
    small, _ = scaling_of([np.full(4, 1e-150), np.full(3, unit)], [np.full(4, 1e-150), np.full(3, 4.0 / unit)], VISIBLE)
    np.testing.assert_array_equal(small.size, unit)


def test_a_block_of_zeros_is_as_large_as_others() -> None:
    zeros, _ = scaling_of([np.zeros(4), np.full(3, 2.0)], [np.ones(4), np.ones(3)], VISIBLE)
    np.testing.assert_array_equal(zeros.size, 2.0)


@pytest.mark.parametrize("size", [1e-12, 1e-40, 1e-150, 1e-300])
def test_parameters_that_are_all_too_small_to_be_seen_are_taken_to_be_one(size: float) -> None:
    x = size * np.array([1.0, -2.0, 3.0])
    np.testing.assert_array_equal(sizes(x, np.ones(3), visible=1e-8), 1.0)
    np.testing.assert_allclose(sizes(x, np.ones(3) / size, visible=1e-8), size * np.array([2.0, 2.0, 3.0]))


@pytest.mark.parametrize("size", [1e-12, 1e-40, 1e-80, 1e-150])
@pytest.mark.parametrize(("factor", "expected"), [(1.0, "pass"), (-1.0, "fail"), (0.5, "fail"), (0.0, "fail")])
def test_parameters_that_are_all_tiny(size: float, factor: float, expected: str) -> None:
    """Initial weights of that size, of a loss in which they should be of order one."""
    weights = np.array([1.5, -0.7, 0.4, 2.0, -1.1, 0.9])

    def loss(x: Array) -> float:
        return float(np.sum(weights * np.sin(x + 0.3)))

    x0 = size * np.random.default_rng(0).standard_normal(6)
    assert verdict(loss, lambda x: factor * weights * np.cos(x + 0.3), x0) == expected


@pytest.mark.parametrize("size", [1e-12, 1e-40, 1e-80, 1e-150])
@pytest.mark.parametrize(("factor", "expected"), [(1.0, "pass"), (-1.0, "fail"), (0.5, "fail")])
def test_parameters_whose_unit_is_tiny(size: float, factor: float, expected: str) -> None:
    """The loss changes its character over a distance of their own size."""

    def loss(x: Array) -> float:
        return float(np.sum(np.sin(x / size)))

    x0 = size * np.random.default_rng(0).standard_normal(6)
    assert verdict(loss, lambda x: factor * np.cos(x / size) / size, x0) == expected


@pytest.mark.parametrize("size", [1e-12, 1e-150])
@pytest.mark.parametrize(("spoiled", "expected"), [(None, "pass"), (2, "fail")])
def test_one_entry_of_parameters_that_are_all_tiny(size: float, spoiled: int | None, expected: str) -> None:
    def gradient(x: Array) -> Array:
        found = np.exp(x)
        if spoiled is not None:
            found[spoiled] *= 1.1
        return found

    x0 = size * np.random.default_rng(1).standard_normal(5)
    assert verdict(lambda x: float(np.exp(x).sum()), gradient, x0) == expected


def test_few_entries_that_are_not_zero_are_not_missed_in_a_large_array() -> None:
    """At a place that equal distances skip; beside many of them a sample is enough."""
    effects = np.zeros(100_000)
    effects[[777, 99_998]] = 3.0, 5.0
    assert small_of(effects, 1e-2) == 3.0
    assert small_of(np.zeros(100_000), 1e-2) == 0.0
    many = np.linspace(1, 2, 100_000)
    assert small_of(many, 1e-2) == pytest.approx(1.01, abs=1e-3)


@pytest.mark.parametrize("unit", [1e3, 1e6, 1e11])
@pytest.mark.parametrize(("factor", "expected"), [(1.0, "pass"), (-1.0, "fail"), (0.5, "fail"), (2.0, "fail")])
@pytest.mark.parametrize("size", [1e-3, 2.0])
def test_a_block_of_small_effect_is_moved_by_no_more_than_it_takes_beside_a_block_of_another_unit(
    size: float, factor: float, expected: str, unit: float
) -> None:
    """Over steps as long as the unit of the other block the loss turns many times."""
    x0 = {"large": unit * np.array([1.1, 0.7, 1.9]), "small": size * np.array([1.3, 0.6])}

    def loss(p: dict[str, Array]) -> float:
        return float(np.sum((p["large"] / unit) ** 2) + 1e-9 * np.sum(np.square(p["small"] / size)))

    def gradient(p: dict[str, Array]) -> dict[str, Array]:
        return {"large": 2 * p["large"] / unit**2, "small": factor * 2e-9 * p["small"] / size**2}

    def turning(p: dict[str, Array]) -> float:
        return float(np.sum((p["large"] / unit) ** 2) + 1e-9 * np.sum(np.sin(p["small"] / size)))

    def turned(p: dict[str, Array]) -> dict[str, Array]:
        return {"large": 2 * p["large"] / unit**2, "small": factor * 1e-9 * np.cos(p["small"] / size) / size}

    assert verdict(loss, gradient, x0) == verdict(turning, turned, x0) == expected


@pytest.mark.parametrize(("factor", "expected"), [(1.0, "pass"), (-1.0, "fail"), (0.5, "fail")])
def test_a_tiny_block_is_moved_far_enough_for_the_noise_of_the_loss(factor: float, expected: str) -> None:
    """The loss is computed in single precision: what rounding of double precision asks for shows nothing of it."""
    x0 = {"a": np.array([1.3, -0.8, 0.9]), "b": 1e-12 * np.array([1.0, -2.0])}

    def loss(p: dict[str, Array]) -> float:
        return float(np.float32(np.sum(np.sin(p["a"])) + np.sum(np.sin(p["b"] + 0.3))))

    def gradient(p: dict[str, Array]) -> dict[str, Array]:
        return {"a": np.cos(p["a"]), "b": factor * np.cos(p["b"] + 0.3)}

    report = gradcheck.check_gradients(loss, gradient, x0, rtol=1e-3, rng=0, diagnose=False)
    assert report.verdict.value == expected
