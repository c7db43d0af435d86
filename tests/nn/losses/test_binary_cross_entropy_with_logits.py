from __future__ import annotations

import mpmath
import numpy as np
import pytest

from gradcheck.nn.losses.binary_cross_entropy_with_logits import BinaryCrossEntropyWithLogits
from gradcheck.nn.losses.loss import Reduction
from tests.nn.reference import assert_loss_agrees, tensor, torch


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("shape", [(4, 3), (1, 1), (5,), (2, 3, 4)])
@pytest.mark.parametrize("soft", [True, False])
def test_agrees_with_torch(reduction: Reduction, shape: tuple[int, ...], soft: bool) -> None:
    rng = np.random.default_rng(0)
    prediction, target = 3 * rng.standard_normal(shape), rng.uniform(size=shape)
    target = target if soft else target.round()
    bce = torch.nn.BCEWithLogitsLoss(reduction=reduction)
    assert_loss_agrees(BinaryCrossEntropyWithLogits(reduction), lambda z: bce(z, tensor(target)), prediction, target)


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_weights_agree_with_torch(reduction: Reduction) -> None:
    prediction, target, weight = np.random.default_rng(0).uniform(size=(3, 4, 3))
    bce = torch.nn.BCEWithLogitsLoss(reduction=reduction, weight=tensor(weight))
    loss = BinaryCrossEntropyWithLogits(reduction)
    assert_loss_agrees(loss, lambda z: bce(z, tensor(target)), prediction, target, weight)


@pytest.mark.parametrize("y", [0.0, 0.25, 1.0])
def test_precise_for_small_and_large_errors(y: float) -> None:
    logits = np.array([sign * size for size in (1e-8, 1.0, 5.0, 40.0, 700.0, 1000.0) for sign in (-1, 1)])
    loss = BinaryCrossEntropyWithLogits("none")
    value = loss(logits, np.full(len(logits), y))
    with mpmath.workdps(1000):
        likely = [1 / (1 + mpmath.exp(-mpmath.mpf(float(z)))) for z in logits]
        exact = np.array([-y * mpmath.log(p) - (1 - y) * mpmath.log(1 - p) for p in likely], float)
        slopes = np.array([p - y for p in likely], float)
    np.testing.assert_allclose(value, exact, rtol=1e-15, atol=1e-320)
    np.testing.assert_allclose(loss.backward(), slopes, rtol=2e-15, atol=1e-320)


def test_infinite_logits_that_are_right_cost_nothing() -> None:
    loss = BinaryCrossEntropyWithLogits("none")
    np.testing.assert_array_equal(loss([np.inf, -np.inf], [1, 0]), [0.0, 0.0])
    np.testing.assert_array_equal(loss.backward(), [0.0, 0.0])


@pytest.mark.parametrize("wrong", [-0.5, 1.5])
def test_targets_out_of_range_are_named(wrong: float) -> None:
    with pytest.raises(
        ValueError, match=rf"WithLogits\(reduction='mean'\): takes targets between 0 and 1, got {wrong}"
    ):
        BinaryCrossEntropyWithLogits()([1.0, 2.0], [1.0, wrong])
