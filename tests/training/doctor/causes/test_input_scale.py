"""Inputs are badly scaled if they are large, far apart in size, or far from zero."""

from __future__ import annotations

import numpy as np
import pytest

from gradcheck.nn import Dense, MeanSquaredError, Network
from gradcheck.training.doctor.causes.input_scale import find
from gradcheck.training.doctor.measurements import Measurements
from tests.training.doctor.causes.tools import trained_on

RNG = np.random.default_rng(0)
SAMPLES = RNG.standard_normal((60, 2))


def stalled_on(x: np.ndarray) -> Measurements:
    """A linear model whose targets have nothing to do with its inputs."""
    net = Network([Dense(2, 1, scale=1e-3, rng=0)], MeanSquaredError())
    return trained_on(net, x, RNG.standard_normal((60, 1)), 1e-9)


@pytest.mark.parametrize(
    ("x", "evidence"),
    [
        (SAMPLES * 300.0, "the root mean square of an input is"),
        (SAMPLES * [50.0, 0.1], "times as large as another"),
        (SAMPLES + 40.0, "standard deviations"),
    ],
)
def test_each_way_of_being_badly_scaled_is_found(x: np.ndarray, evidence: str) -> None:
    finding = find(stalled_on(x))
    assert finding is not None
    assert evidence in finding.evidence


@pytest.mark.parametrize("x", [SAMPLES, SAMPLES * 80.0, SAMPLES * [50.0, 1.0], SAMPLES + 20.0, 0 * SAMPLES])
def test_inputs_below_the_thresholds_are_not(x: np.ndarray) -> None:
    measurements = stalled_on(x)
    assert measurements.stalled
    assert find(measurements) is None


def test_large_inputs_that_are_learnt_are_not_reported() -> None:
    x = SAMPLES * 300.0
    net = Network([Dense(2, 1, scale=1e-3, rng=0)], MeanSquaredError())
    assert find(trained_on(net, x, x @ [[0.01], [-0.02]], 1e-6)) is None
