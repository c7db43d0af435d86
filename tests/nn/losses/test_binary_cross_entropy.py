from __future__ import annotations

from typing import Any

import mpmath
import numpy as np
import pytest

from gradcheck.nn.losses.binary_cross_entropy import BinaryCrossEntropy
from gradcheck.nn.losses.loss import Reduction
from tests.nn.reference import assert_loss_agrees, tensor, torch


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("shape", [(4, 3), (1, 1), (5,), (2, 3, 4)])
@pytest.mark.parametrize("soft", [True, False])
def test_agrees_with_torch(reduction: Reduction, shape: tuple[int, ...], soft: bool) -> None:
    prediction, target = np.random.default_rng(0).uniform(0.01, 0.99, (2, *shape))
    target = target if soft else target.round()
    bce = torch.nn.BCELoss(reduction=reduction)
    assert_loss_agrees(BinaryCrossEntropy(reduction), lambda p: bce(p, tensor(target)), prediction, target)


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_weights_agree_with_torch(reduction: Reduction) -> None:
    prediction, target, weight = np.random.default_rng(0).uniform(0.01, 0.99, (3, 4, 3))
    bce = torch.nn.BCELoss(reduction=reduction, weight=tensor(weight))
    assert_loss_agrees(BinaryCrossEntropy(reduction), lambda p: bce(p, tensor(target)), prediction, target, weight)


def test_a_probability_of_one_or_zero_that_is_right_costs_nothing() -> None:
    loss = BinaryCrossEntropy("none")
    np.testing.assert_array_equal(loss([0.0, 1.0], [0, 1]), [0.0, 0.0])
    np.testing.assert_array_equal(loss.backward(), [1.0, -1.0])


def test_precise_for_extreme_probabilities() -> None:
    probabilities = np.array([1e-300, 1e-17, 0.3, 1 - 1e-3, 1 - 2.0**-53])
    for y in (0, 1):
        loss = BinaryCrossEntropy("none")
        value = loss(probabilities, np.full(5, y))
        with mpmath.workdps(400):
            right = [mpmath.mpf(float(p)) if y else 1 - mpmath.mpf(float(p)) for p in probabilities]
            exact = np.array([-mpmath.log(p) for p in right], float)
            slopes = np.array([(1 - 2 * y) / p for p in right], float)
        np.testing.assert_allclose(value, exact, rtol=1e-15)
        np.testing.assert_allclose(loss.backward(), slopes, rtol=1e-15)


@pytest.mark.parametrize(
    ("prediction", "target", "message"),
    [
        ([0.5, 1.5], [0, 1], r"^BinaryCrossEntropy\(.*takes probabilities between 0 and 1, got 1.5"),
        ([0.5, -0.5], [0, 1], "takes probabilities between 0 and 1, got -0.5"),
        ([0.5, np.nan], [0, 1], "takes probabilities between 0 and 1, got nan"),
        ([0.5, 0.5], [0, 2], "takes targets between 0 and 1, got 2"),
        ([0.5, 0.0], [0, 1], r"occurs has probability 0 \(p = 0.0, y = 1.0\).*WithLogits"),
        ([0.5, 1.0], [0, 0.5], r"occurs has probability 0 \(p = 1.0, y = 0.5\).*WithLogits"),
    ],
)
def test_bad_input_is_named(prediction: Any, target: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        BinaryCrossEntropy()(prediction, target)
