"""Parameters in NumPy arrays: steps, norms, precision, displacements, and the range of several gradients."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from gradcheck.subjects.spaces.numpy_space import NUMPY
from gradcheck.subjects.spaces.space import Interval
from tests.cases import Array

POINT: tuple[Array, ...] = (np.array([[1.0, -2.0], [0.5, 4.0]]), np.array([3.0, -1.0, 0.0]))
CLAIM: tuple[Array, ...] = (np.ones((2, 2)), np.array([0.5, 0.25, 2.0]))
SCALING = NUMPY.scaling(POINT, CLAIM, 1e-12)


# -- values ------------------------------------------------------------------------------------------------------------


def test_a_copy_shares_nothing() -> None:
    copy = NUMPY.copy(POINT)
    copy[0][0, 0] = 99.0
    assert POINT[0][0, 0] == 1.0
    np.testing.assert_array_equal(copy[1], POINT[1])


def test_norms_are_taken_in_double_precision() -> None:
    assert NUMPY.norm(np.array([[3.0, 0.0], [0.0, 4.0]])) == 5.0
    assert NUMPY.norm(np.full(4, 300.0, np.float16)) == 600.0  # its square overflows in half precision
    assert NUMPY.norm(np.zeros(0)) == 0.0


def test_differences_are_taken_entry_by_entry() -> None:
    assert NUMPY.difference(np.array([1.0, 2.0]), np.array([4.0, -2.0])) == 5.0
    assert NUMPY.difference(POINT[0], POINT[0]) == 0.0


@pytest.mark.parametrize(
    ("array", "zero"), [(np.zeros((2, 2)), True), (np.array([0.0, 1e-320]), False), (np.zeros(0), True)]
)
def test_zero_is_exact(array: Array, zero: bool) -> None:
    assert NUMPY.is_zero(array) is zero


def test_entries_that_are_not_finite_are_counted_and_the_first_is_named() -> None:
    assert NUMPY.not_finite(POINT[0]) is None
    bad = np.array([[1.0, 2.0], [np.inf, np.nan]])
    assert NUMPY.not_finite(bad) == (2, (1, 0))
    assert NUMPY.not_finite(np.array(np.nan)) == (1, ())


def test_an_entry_is_a_number() -> None:
    assert NUMPY.entry(POINT[0], (1, 1)) == 4.0


# -- types -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("dtype", "bits"), [(np.float16, 10), (np.float32, 23), (np.float64, 52)])
def test_precision_is_that_of_ieee_754(dtype: Any, bits: int) -> None:
    array = np.ones(2, dtype)
    assert NUMPY.mantissa(array) == bits
    assert NUMPY.epsilon(array) == 2.0**-bits


@pytest.mark.parametrize("value", [1.0, -1e10, 1e-10, 0.0, 1e-200])
def test_the_least_change_still_changes_an_entry(value: float) -> None:
    array = np.array([value])
    least = NUMPY.least_change(array, (0,))
    for factor in (0.5, -0.5, 1.0):
        assert value + factor * least != value
    assert least <= max(1e-15 * abs(value), 1e-150)


@pytest.mark.parametrize(
    ("values", "bits", "few"),
    [([1.5, 0.25, -3.0], 2, True), ([1.5, 0.25, -3.25], 2, False), ([1 / 3], 52, False), ([1e300 / 3, 0.0], 53, True)],
)
def test_few_bits(values: list[float], bits: int, few: bool) -> None:
    assert NUMPY.has_few_bits(np.array(values), bits) is few


# -- scaling -----------------------------------------------------------------------------------------------------------


def test_bands_cover_all_effects_once() -> None:
    (scaling,) = NUMPY.scaling((np.ones(50),), (np.geomspace(1e-4, 1e4, 50),), 1e-12)
    bands = NUMPY.bands(scaling, (0.0, 0.01, 0.1, 1.0))
    median = float(np.median(scaling.effect))
    lows = [0.0, 0.01 * median, 0.1 * median, median, 100 * median]
    assert [band.low for band in bands] == pytest.approx(lows)
    held = [((scaling.effect >= band.low) & (scaling.effect < band.high)).sum() for band in bands]
    assert sum(held) == 50
    assert all(held)


def test_a_part_without_entries_is_not_selected() -> None:
    (scaling,) = NUMPY.scaling((np.ones(4),), (np.ones(4),), 1e-12)
    first, *_, last = NUMPY.bands(scaling, (0.0, 0.5, 0.9))
    assert not NUMPY.selects(scaling, first)
    assert NUMPY.selects(scaling, last)
    assert not NUMPY.selects(scaling, Interval(2, 2))
    assert NUMPY.selects(scaling, Interval(2, 3))


def test_an_entry_is_judged_by_a_part_of_its_block_that_grows_as_the_type_shrinks() -> None:
    judged = []
    for dtype in (np.float64, np.float32, np.float16):
        claim = np.full(5, 2.0, dtype)
        (scaling,) = NUMPY.scaling((np.ones(5),), (claim,), 1e-12)
        judged.append(NUMPY.judged_slope(claim, scaling))
    assert judged == sorted(set(judged))
    assert judged[-1] == 2.0


# -- directions and steps ----------------------------------------------------------------------------------------------


def test_a_step_moves_the_given_blocks_and_copies_the_others() -> None:
    direction = NUMPY.given({0: np.array([[1.0, 0.0], [0.0, -1.0]])}, POINT)
    moved = NUMPY.step(POINT, direction, 0.5)
    np.testing.assert_array_equal(moved[0], [[1.5, -2.0], [0.5, 3.5]])
    np.testing.assert_array_equal(moved[1], POINT[1])
    assert moved[1] is not POINT[1]
    assert NUMPY.moved(direction) == [0]
    assert direction.contributions == (None, None)


def test_a_step_keeps_the_type() -> None:
    point = (np.ones(2, np.float32),)
    moved = NUMPY.step(point, NUMPY.given({0: np.array([0.1, 0.2])}, point), 0.5)
    assert moved[0].dtype == np.float32


def test_dot_is_the_slope_of_a_gradient() -> None:
    direction = NUMPY.given({0: np.array([[1.0, 2.0], [0.0, -1.0]]), 1: np.array([0.0, 4.0, 1.0])}, POINT)
    assert NUMPY.dot(CLAIM, direction) == (1 + 2 - 1) + (0.25 * 4 + 2.0)
    only = NUMPY.given({1: np.array([0.0, 4.0, 1.0])}, POINT)
    assert NUMPY.dot(CLAIM, only) == 3.0
    with pytest.raises(AssertionError, match="does not move"):
        NUMPY.array(only, 0)


def test_a_host_array_is_a_copy() -> None:
    array = np.arange(3.0)
    host = NUMPY.host(array)
    host[0] = 7.0
    assert (array[0], host[1]) == (0.0, 1.0)


def test_an_entry_is_located_by_the_ratio_of_two_directions() -> None:
    point = (np.ones(6),)
    whole = NUMPY.given({0: np.full(6, 2.0)}, point)
    ramp = NUMPY.given({0: 2.0 * np.linspace(0.25, 1.0, 6)}, point)  # ratios 0.25, 0.4, 0.55, 0.7, 0.85, 1
    assert NUMPY.located(ramp, whole, 0, Interval(0, 6), 0.7, 0.01) == Interval(3, 4)
    assert NUMPY.located(ramp, whole, 0, Interval(2, 6), 0.7, 0.2) == Interval(2, 5)
    assert NUMPY.located(ramp, whole, 0, Interval(4, 6), 0.7, 0.01) is None


# -- other points ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("least", [0.25, 0.5])
def test_a_random_shift_is_between_a_least_part_and_the_whole_of_the_typical_size(least: float) -> None:
    shift = NUMPY.random_shift(SCALING, np.random.default_rng(0), least)
    for moved, scaling in zip(shift, SCALING, strict=True):
        parts = np.abs(moved) / scaling.size
        assert ((parts >= least) & (parts <= 1)).all()
    (large,) = NUMPY.random_shift(NUMPY.scaling((np.ones(1000),), (np.ones(1000),), 1e-12), np.random.default_rng(0))
    assert float(large.std()) == pytest.approx(1.0, rel=0.1)
    assert np.abs(large).max() > 2


def test_a_generic_shift_a_third_as_far_keeps_signs() -> None:
    for seed in range(20):
        shift = NUMPY.generic_shift(POINT, SCALING, np.random.default_rng(seed), 0.3)
        for x, d in zip(POINT, shift, strict=True):
            moved = x + d / 3
            assert (np.sign(moved) == np.sign(x))[x != 0].all()
            assert (moved != x).all()


def test_a_unit_shift_is_on_the_scale_of_one_or_of_a_larger_block() -> None:
    signs = np.tile([1.0, -1.0], 1000)
    point = (1e-6 * signs, 50.0 * signs, np.zeros(0))
    small, large, empty = NUMPY.unit_shift(point, np.random.default_rng(0))
    assert float(small.std()) == pytest.approx(1.0, rel=0.1)
    assert float(large.std()) == pytest.approx(50.0, rel=0.1)
    assert empty.shape == (0,)


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_a_unit_shift_keeps_the_sign_that_all_entries_of_a_block_have(sign: float) -> None:
    point = (sign * np.linspace(1e-3, 2.0, 500), np.zeros(500))
    signed, free = NUMPY.unit_shift(point, np.random.default_rng(0))
    assert np.all(np.sign(point[0] + signed) == sign)
    assert float(np.abs(signed).mean()) > 0.5
    assert np.any(free > 0)
    assert np.any(free < 0)


def test_displaced_by_a_distance_along_a_shift() -> None:
    shift = (np.full((2, 2), 4.0), np.array([1.0, 0.0, -1.0]))
    there = NUMPY.displaced(POINT, shift, 0.25)
    np.testing.assert_array_equal(there[0], POINT[0] + 1.0)
    np.testing.assert_array_equal(there[1], POINT[1] + [0.25, 0.0, -0.25])


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_jitter_is_a_few_roundings_of_the_claims_type(dtype: Any) -> None:
    point, claim = (np.full(500, 3.0),), (np.ones(500, dtype),)
    (moved,) = NUMPY.jittered(point, claim, 4.0, np.random.default_rng(0))
    change = np.abs(moved / 3.0 - 1.0) / np.finfo(dtype).eps
    assert (change <= 4.5).all()
    assert change.max() > 3
    assert (change > 0).mean() > 0.8


# -- the range of several gradients ------------------------------------------------------------------------------------

RTOL = 1e-3


def test_a_claim_between_the_gradients_is_inside_and_one_beyond_is_outside() -> None:
    around = NUMPY.entry_range()
    for gradient in ([1.0, -1.0, 0.5], [2.0, 1.0, 0.5], [1.5, 0.0, 0.5]):
        assert around.add(np.array(gradient))
    assert around.count == 3
    assert around.outside(np.array([1.2, 0.9, 0.5]), RTOL) == []
    ((index, slack),) = around.outside(np.array([1.2, 1.1, 0.5]), RTOL)
    assert index == (1,)
    assert slack == pytest.approx(4 * RTOL * 1.0)
    assert [index for index, _ in around.outside(np.array([0.9, -1.1, 0.6]), RTOL)] == [(0,), (1,), (2,)]
    assert around.values((1,)) == [-1.0, 1.0, 0.0]


@pytest.mark.parametrize(("claim", "outside"), [(1.003, False), (1.005, True), (0.997, False), (0.995, True)])
def test_the_range_has_a_slack_of_four_tolerances(claim: float, outside: bool) -> None:
    around = NUMPY.entry_range()
    around.add(np.array([1.0]))
    assert bool(around.outside(np.array([claim]), RTOL)) is outside


def test_a_small_entry_has_the_slack_of_its_block() -> None:
    around = NUMPY.entry_range()
    around.add(np.array([1e-9, 1.0, 1.0]))
    assert around.outside(np.array([2e-9, 1.0, 1.0]), RTOL) == []
    assert [index for index, _ in around.outside(np.array([1e-2, 1.0, 1.0]), RTOL)] == [(0,)]


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_a_gradient_that_is_not_finite_is_left_out(bad: float) -> None:
    around = NUMPY.entry_range()
    assert around.add(np.array([1.0, 2.0]))
    assert not around.add(np.array([1.0, bad]))
    assert around.count == 1
    assert around.values((1,)) == [2.0]


def test_the_range_of_matrices_is_indexed_like_them() -> None:
    around = NUMPY.entry_range()
    around.add(np.zeros((2, 3)))
    claim = np.zeros((2, 3))
    claim[1, 2] = 1.0
    assert [index for index, _ in around.outside(claim, RTOL)] == [(1, 2)]
