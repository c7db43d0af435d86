"""Drawn numbers have few digits and no ties; parameters move to a generic point and keep their sign."""

from __future__ import annotations

import numpy as np
import pytest

from gradcheck.strategies.numbers import numbers, rounded, spread


def test_numbers_of_two_decimals_are_distinct_and_not_zero() -> None:
    x = numbers(np.random.default_rng(0), (10, 20), 2)
    assert len(set(x.ravel().tolist())) == x.size
    assert x.all()
    np.testing.assert_array_equal(x, np.round(x, 2))


def test_more_numbers_than_the_grid_holds_have_all_digits() -> None:
    x = numbers(np.random.default_rng(0), (201,), 2)
    assert len(set(x.tolist())) == 201
    assert not np.array_equal(x, np.round(x, 2))


def test_parameters_leave_special_values_and_keep_their_sign() -> None:
    start = np.array([1.0, -1.0, 1e-8, 0.0] * 50)
    moved = spread(start, np.random.default_rng(0), None)
    assert (moved != start).all()
    assert (np.sign(moved[start != 0]) == np.sign(start[start != 0])).all()
    assert (np.abs(moved[2::4]) < 2e-8).all(), "a small parameter stays small"


@pytest.mark.parametrize(("value", "expected"), [(0.012345, 0.012), (-9876.0, -9900.0), (0.0, 0.0), (1e-300, 1e-300)])
def test_rounding_is_to_significant_digits(value: float, expected: float) -> None:
    assert rounded(np.array([value]), 2)[0] == pytest.approx(expected, rel=1e-12, abs=0)
