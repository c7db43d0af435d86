"""Units with equal weights are found; units with random weights of a usual size are not."""

from __future__ import annotations

import numpy as np
import pytest

from gradcheck.app.examples.xor import BATCH, QuestionNetwork
from gradcheck.nn import Dense, MeanSquaredError, Network, Tanh
from gradcheck.training.doctor.causes.symmetric_units import find_equal, find_nearly_equal, spread
from gradcheck.training.doctor.measurements import Measurements
from tests.training.doctor.causes.tools import measured, trained_on


def curve(weight: float | None) -> Measurements:
    rng = np.random.default_rng(0)
    x = rng.uniform(-2, 2, (60, 1))
    net = Network([Dense(1, 12, rng=rng), Tanh(), Dense(12, 1, rng=rng)], MeanSquaredError())
    if weight is not None:
        for array in net.params.values():
            if array.ndim > 1:
                array[...] = weight
    return trained_on(net, x, np.cos(9 * x), 0.01)


def test_equal_weights_make_equal_units() -> None:
    finding = find_equal(curve(0.3))
    assert finding is not None
    assert finding.message.startswith("the 12 units are equal")


def test_random_weights_do_not() -> None:
    measurements = curve(None)
    assert measurements.stalled
    assert find_equal(measurements) is None
    assert find_nearly_equal(measurements) is None


@pytest.mark.parametrize(("scale", "found"), [(0.01, True), (1.0, False)])
def test_tiny_weights_make_nearly_equal_units(scale: float, found: bool) -> None:
    measurements = measured(QuestionNetwork(scale=scale, seed=0), batch=BATCH, step=1e-6)
    assert (find_nearly_equal(measurements) is not None) is found
    assert find_equal(measurements) is None


def test_the_spread_is_relative_and_one_for_units_that_cancel() -> None:
    rng = np.random.default_rng(0)
    outputs = rng.standard_normal((50, 6))
    assert spread(1e6 * outputs) == pytest.approx(spread(outputs))
    assert spread(np.zeros((3, 2))) == 1.0
    assert spread(1.0 + 0.01 * outputs) == pytest.approx(0.01, rel=0.2)
