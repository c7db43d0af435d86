"""Derivatives of forward values by a parameter: those of formulas; none where there are many parameters."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from gradcheck.recording.record import record
from gradcheck.recording.settings import RECORDING


def spiral(x: Any) -> Any:
    grown = math.exp(x[0]) * np.array([1.0, 2.0, 3.0])
    return np.sum(np.sin(grown * x[1]))


def test_they_are_the_derivatives() -> None:
    x = np.array([0.3, -0.7])
    found = record((spiral,), lambda: float(spiral(x)), lambda: [np.ones_like(x)], [x])
    assert found is not None
    (_, by_first), (_, by_second) = found.tangents
    grown = math.exp(0.3) * np.array([1.0, 2.0, 3.0])
    values = found.graph.values
    (product,) = [
        i for i in by_first if np.shape(values[i].array) == (3,) and np.allclose(values[i].array, -0.7 * grown)
    ]
    np.testing.assert_allclose(by_first[product], -0.7 * grown, rtol=1e-11)
    np.testing.assert_allclose(by_second[product], grown, rtol=1e-11)


def test_there_are_none_of_many_parameters() -> None:
    x = np.linspace(0.1, 1.0, RECORDING.most_tangents + 1)
    found = record((spiral,), lambda: float(spiral(x)), lambda: [np.ones_like(x)], [x])
    assert found is not None
    assert found.tangents == ()
