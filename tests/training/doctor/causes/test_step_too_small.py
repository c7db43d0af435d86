"""A step is too small if longer ones are safe and get further."""

from __future__ import annotations

import numpy as np
import pytest

from gradcheck.nn import RMSProp
from gradcheck.training.doctor.causes.step_too_small import find
from tests.training.doctor.causes.tools import measured, parabola


@pytest.mark.parametrize(("step", "found"), [(1e-7, True), (1e-5, True), (1e-3, False), (0.1, False), (1.1, False)])
def test_on_a_parabola(step: float, found: bool) -> None:
    assert (find(parabola(step)) is not None) is found


def test_a_loss_that_no_step_lowers_has_no_better_step() -> None:
    flat = measured(lambda x: 1.0 + float(x @ x), lambda x: 2 * x, 1e-9 * np.ones(3), step=1e-7)
    assert find(flat) is None


@pytest.mark.parametrize(("rate", "found"), [(1e-5, True), (1e-3, False)])
def test_rules_that_normalise_are_tried_with_a_hundred_times_the_step(rate: float, found: bool) -> None:
    measurements = measured(lambda x: float(x @ x), lambda x: 2 * x, np.ones(3), optimiser=RMSProp(rate))
    finding = find(measurements)
    assert (finding is not None) is found
    if finding is not None:
        assert "with steps 100 times as long" in finding.evidence


def test_training_that_lasts_long_enough_is_not_reported() -> None:
    measurements = measured(lambda x: float(x @ x), lambda x: 2 * x, np.ones(3), step=1e-5, steps=1_000_000)
    assert find(measurements) is None
