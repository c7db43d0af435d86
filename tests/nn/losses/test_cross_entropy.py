from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gradcheck.nn.losses.cross_entropy import CrossEntropy
from gradcheck.nn.losses.loss import Reduction
from tests.nn.losses.classes import SHAPES, shares
from tests.nn.reference import assert_loss_agrees, tensor, torch


def composed(p: Any, y: Any, reduction: str) -> Any:
    elements = -torch.special.xlogy(tensor(y), p).sum(1)
    return elements if reduction == "none" else getattr(elements, reduction)()


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("shape", SHAPES)
def test_soft_labels_agree_with_torch(reduction: Reduction, shape: tuple[int, ...]) -> None:
    prediction, target = shares(shape, 0), shares(shape, 1)
    assert_loss_agrees(CrossEntropy(reduction), lambda p: composed(p, target, reduction), prediction, target)


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("shape", SHAPES)
def test_class_indices_agree_with_torch(reduction: Reduction, shape: tuple[int, ...]) -> None:
    prediction = shares(shape, 0)
    target = np.random.default_rng(1).integers(shape[1], size=shape[:1] + shape[2:])
    nll = torch.nn.NLLLoss(reduction=reduction)
    assert_loss_agrees(CrossEntropy(reduction), lambda p: nll(p.log(), tensor(target)), prediction, target)
    one_hot = np.moveaxis(np.eye(shape[1], dtype=int)[target], -1, 1)
    assert_loss_agrees(CrossEntropy(reduction), lambda p: nll(p.log(), tensor(target)), prediction, one_hot)


def test_weights_agree_with_torch() -> None:
    prediction, target, weight = shares((4, 3), 0), shares((4, 3), 1), np.array([0.0, 1.0, 2.0, 0.5])
    assert_loss_agrees(
        CrossEntropy(),
        lambda p: (tensor(weight) * composed(p, target, "none")).mean(),
        prediction,
        target,
        weight,
    )


def test_a_class_that_does_not_occur_may_have_probability_zero() -> None:
    loss = CrossEntropy("none")
    np.testing.assert_array_equal(loss([[1.0, 0.0]], [0]), [0.0])
    np.testing.assert_array_equal(loss.backward(), [[-1.0, 0.0]])


def test_a_numerical_derivative_can_be_taken() -> None:
    p, step = shares((4, 3), 0), 1e-5
    loss = CrossEntropy()
    loss(p, [0, 2, 1, 1])
    slopes = loss.backward()
    for i in np.ndindex(p.shape):
        up, down = p.copy(), p.copy()
        up[i] += step
        down[i] -= step
        difference = (loss(up, [0, 2, 1, 1]) - loss(down, [0, 2, 1, 1])) / (2 * step)
        assert difference == pytest.approx(slopes[i], abs=1e-6)


@pytest.mark.parametrize(
    ("prediction", "target", "message"),
    [
        ([0.5, 0.5], [0, 1], r"^CrossEntropy\(.*predictions of shape \(samples, classes, ...\), got \(2,\)"),
        ([[2.0, 1.0]], [0], r"probabilities that sum to 1 over the classes \(axis 1\), got a sum of 3"),
        ([[1.5, -0.5]], [0], "probabilities between 0 and 1, got -0.5"),
        ([[np.nan, 0.5]], [0], "probabilities between 0 and 1, got nan"),
        ([[1.0, 0.0]], [1], "a class that occurs has probability 0.*CrossEntropyWithLogits"),
        ([[0.5, 0.5]], [[0.5, 1.0]], r"targets that sum to 1 over the classes \(axis 1\), got a sum of 1.5"),
    ],
)
def test_bad_input_is_named(prediction: Any, target: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        CrossEntropy()(prediction, target)
