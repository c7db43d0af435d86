"""Formats of numbers, sizes and shapes."""

from __future__ import annotations

import math

import pytest

from gradcheck.reports.numbers import shape, short, size


@pytest.mark.parametrize(
    ("value", "expected"),
    [(1.23456, "1.235"), (0.0, "0"), (-1e-7, "-1e-07"), (math.inf, "inf"), (math.nan, "–"), (None, "–")],
)
def test_short(value: float | None, expected: str) -> None:
    assert short(value) == expected


@pytest.mark.parametrize(("value", "expected"), [(1.26e-7, "1.3e-07"), (0.0, "0"), (math.nan, "–"), (None, "–")])
def test_size(value: float | None, expected: str) -> None:
    assert size(value) == expected


@pytest.mark.parametrize(("dimensions", "expected"), [((), "scalar"), ((5,), "5"), ((5, 2), "5×2"), ((0, 3), "0×3")])
def test_shape(dimensions: tuple[int, ...], expected: str) -> None:
    assert shape(dimensions) == expected
