"""σ′(z) of a sample follows from its cross-entropy, whatever its label is."""

from __future__ import annotations

import numpy as np
import pytest

from gradcheck.diagnosis.mistakes.sample_weights import sigmoid_derivative


@pytest.mark.parametrize("label", [0, 1])
def test_it_equals_the_derivative_of_the_sigmoid(label: int) -> None:
    z = np.linspace(-30.0, 30.0, 25)
    losses = np.logaddexp(0.0, np.where(label, -z, z))
    np.testing.assert_allclose(sigmoid_derivative(losses), 1 / (2 + np.exp(z) + np.exp(-z)), rtol=1e-12)


def test_a_loss_of_zero_has_a_weight_of_zero() -> None:
    """A probability of 1: the unit is saturated."""
    assert sigmoid_derivative(np.array([0.0]))[0] == 0.0
