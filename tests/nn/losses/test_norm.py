"""Euclidean norms that neither overflow nor underflow."""

from __future__ import annotations

import numpy as np
import pytest

from gradcheck.nn.losses._norm import norms

LARGEST = float(np.finfo(np.float64).max)


@pytest.mark.parametrize(
    ("vector", "expected"),
    [
        ([3.0, 4.0], 5.0),
        ([0.0, 0.0], 0.0),
        ([3e200, -4e200], 5e200),
        ([3e-200, 4e-200], 5e-200),
        ([LARGEST, LARGEST], LARGEST),
    ],
)
def test_norms(vector: list[float], expected: float) -> None:
    with np.errstate(over="ignore"):
        found = norms(np.array([vector, [1.0, 0.0]]))
    assert found.shape == (2, 1)
    assert found[0, 0] == pytest.approx(expected, rel=1e-15)
    assert found[1, 0] == 1.0
