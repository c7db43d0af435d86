"""A layer is saturated from half of its slopes on."""

from __future__ import annotations

import numpy as np
import pytest

from gradcheck.nn import Dense, MeanSquaredError, Network, Sigmoid
from gradcheck.training.doctor.causes.saturated_units import find
from tests.training.doctor.causes.tools import trained_on


@pytest.mark.parametrize(("flat_units", "found"), [(2, False), (6, True)])
def test_half_of_the_slopes_must_be_flat(flat_units: int, found: bool) -> None:
    rng = np.random.default_rng(0)
    x = rng.uniform(-1, 1, (60, 1))
    net = Network([Dense(1, 8, rng=rng), Sigmoid(), Dense(8, 1, rng=rng)], MeanSquaredError())
    net.params["layers.0.b"][:flat_units] = 20.0
    measurements = trained_on(net, x, np.sign(np.sin(9 * x)), 0.02)
    assert measurements.stalled
    finding = find(measurements)
    assert (finding is not None) is found
    if finding is not None:
        assert "|f′| is below 0.001 for 75% of the units" in finding.evidence
