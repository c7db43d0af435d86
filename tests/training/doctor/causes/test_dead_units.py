"""Some dead units are usual; most of a layer is a cause."""

from __future__ import annotations

import numpy as np
import pytest

from gradcheck.nn import Dense, MeanSquaredError, Network, ReLU
from gradcheck.training.doctor.causes.dead_units import dead_fraction, find_after_training, find_at_start
from gradcheck.training.doctor.hidden_units import HiddenLayer
from gradcheck.training.doctor.measurements import Measurements
from tests.training.doctor.causes.tools import trained_on


def sixteen_units(dead: int) -> Measurements:
    """A step function that sixteen ReLUs learn slowly, some of them dead."""
    rng = np.random.default_rng(1)
    x = rng.uniform(-2, 2, (60, 1))
    net = Network([Dense(1, 16, rng=rng), ReLU(), Dense(16, 1, rng=rng)], MeanSquaredError())
    net.params["layers.0.b"][:dead] = -30.0
    return trained_on(net, x, np.sign(np.sin(5 * x)), 0.02)


@pytest.mark.parametrize(("dead", "found"), [(0, False), (6, False), (15, True)])
def test_most_units_must_be_dead(dead: int, found: bool) -> None:
    measurements = sixteen_units(dead)
    assert measurements.stalled
    finding = find_at_start(measurements)
    assert (finding is not None) is found
    if finding is not None:
        assert finding.message.startswith("15 of 16 units are dead")


def test_units_that_died_are_found_where_they_end() -> None:
    measurements = sixteen_units(0)
    dead = HiddenLayer("ReLU", np.zeros((60, 16)), np.zeros((60, 16)), has_flat_side=True)
    vars(measurements)["final_hidden_layers"] = [dead]
    assert find_at_start(measurements) is None
    finding = find_after_training(measurements)
    assert finding is not None
    assert f"after {measurements.trajectory.steps[-1]:,} steps" in finding.evidence


def test_a_unit_that_is_zero_with_a_slope_is_not_dead() -> None:
    outputs = np.array([[0.0, 1.0], [0.0, 2.0]])
    assert dead_fraction(HiddenLayer("", outputs, np.array([[0.0, 1.0], [0.0, 1.0]]))) == 0.5
    assert dead_fraction(HiddenLayer("", outputs, np.array([[0.0, 1.0], [1.0, 1.0]]))) == 0.0
    assert dead_fraction(HiddenLayer("", outputs)) == 0.5
