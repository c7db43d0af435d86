"""A saddle has negative curvature and almost no gradient; a minimum and a slope are not saddles."""

from __future__ import annotations

import numpy as np
import pytest

from gradcheck.nn import BinaryCrossEntropyWithLogits, Dense, Network, Tanh
from gradcheck.training.doctor.causes.saddle import find
from gradcheck.training.doctor.diagnose import causes_found
from gradcheck.training.doctor.measurements import Measurements
from tests.training.doctor.causes.tools import measured, trained_on


def saddle_from(offset: float, curvature: float = 0.2) -> Measurements:
    """The loss 1 + x²/2 − curvature·y²/2 + y⁴/10, started at y = offset."""

    def loss(p: np.ndarray) -> float:
        return float(1 + 0.5 * p[0] ** 2 - 0.5 * curvature * p[1] ** 2 + 0.1 * p[1] ** 4)

    def gradient(p: np.ndarray) -> np.ndarray:
        return np.array([p[0], -curvature * p[1] + 0.4 * p[1] ** 3])

    return measured(loss, gradient, np.array([1.0, offset]), step=0.01)


def test_a_start_next_to_a_saddle_is_found_with_its_steps() -> None:
    finding = find(saddle_from(1e-12))
    assert finding is not None
    assert finding.slug == "saddle"
    assert "following it takes about" in finding.message


def test_exactly_on_the_saddle_it_takes_forever() -> None:
    def loss(p: np.ndarray) -> float:
        return float(1 + p[0] ** 2 - p[1] ** 2 + p[1] ** 4)

    def gradient(p: np.ndarray) -> np.ndarray:
        return np.array([2 * p[0], -2 * p[1] + 4 * p[1] ** 3])

    finding = find(measured(loss, gradient, np.zeros(2), step=0.01))
    assert finding is not None
    assert "forever" in finding.message


@pytest.mark.parametrize("measurements", [saddle_from(0.5), saddle_from(1e-12, curvature=-0.2)])
def test_a_start_off_the_saddle_and_a_minimum_are_not(measurements: Measurements) -> None:
    assert find(measurements) is None


def test_a_slope_with_negative_curvature_is_not_a_saddle_because_steps_are_short() -> None:
    rng = np.random.default_rng(0)
    x = rng.standard_normal((40, 3)).astype(np.float32)
    layers = [Dense(3, 8, rng=0, dtype=np.float32), Tanh(), Dense(8, 1, rng=1, dtype=np.float32)]
    net = Network(layers, BinaryCrossEntropyWithLogits())
    found = causes_found(trained_on(net, x, (x[:, :1] > 0).astype(float), 1e-7))
    assert [finding.slug for finding in found] == ["step-too-small"]


def test_next_to_a_minimum_nothing_is_found() -> None:
    flat = measured(lambda x: 1.0 + float(x @ x), lambda x: 2 * x, 1e-9 * np.ones(3), step=0.03)
    assert causes_found(flat) == ()
