"""A loss that rises is reported; if the first change goes uphill, so is the wrong sign."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcheck.training.doctor.causes.rising_loss import find
from tests.training.doctor.causes.tools import measured, parabola


class Uphill:
    """Gradient ascent."""

    rate = 0.01

    def step(self, params: dict[str, Any], grads: dict[str, Any]) -> None:
        for name, value in params.items():
            value += self.rate * grads[name]


def test_an_update_that_adds_the_gradient_goes_uphill() -> None:
    finding = find(measured(lambda x: float(x @ x), lambda x: 2 * x, np.ones(3), optimiser=Uphill()))
    assert finding is not None
    assert (finding.where, finding.fix) == ("update", "Subtract the gradient: θ ← θ − η ∇J.")
    assert "Δθ·∇J = 0.12 > 0" in finding.evidence


def test_overshooting_raises_the_loss_downhill() -> None:
    finding = find(parabola(1.1))
    assert finding is not None
    assert (finding.where, finding.message) == ("loss", "the loss rises during training")


def test_a_loss_that_stays_does_not_rise() -> None:
    assert find(parabola(1e-9)) is None
    assert find(parabola(1.0)) is None  # jumps between two points with the same loss
