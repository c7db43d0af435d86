from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gradcheck.nn.losses.cross_entropy import CrossEntropy
from gradcheck.nn.losses.kullback_leibler import KullbackLeibler
from gradcheck.nn.losses.loss import Reduction
from tests.nn.losses.classes import SHAPES, shares
from tests.nn.reference import assert_loss_agrees, tensor, torch


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("shape", SHAPES)
def test_agrees_with_torch(reduction: Reduction, shape: tuple[int, ...]) -> None:
    prediction, target = np.log(shares(shape, 0)), shares(shape, 1)

    def divergence(a: Any) -> Any:
        elements = torch.nn.KLDivLoss(reduction="none")(a, tensor(target)).sum(1)
        return elements if reduction == "none" else getattr(elements, reduction)()

    assert_loss_agrees(KullbackLeibler(reduction), divergence, prediction, target)


def test_the_mean_is_the_one_over_the_batch() -> None:
    prediction, target = np.log(shares((4, 3), 0)), shares((4, 3), 1)
    target[0] = 0.0, 0.0, 1.0
    batchmean = torch.nn.KLDivLoss(reduction="batchmean")
    assert_loss_agrees(KullbackLeibler(), lambda a: batchmean(a, tensor(target)), prediction, target)


def test_it_is_the_cross_entropy_less_the_entropy() -> None:
    p, y = shares((4, 3), 0), shares((4, 3), 1)
    entropy = -(y * np.log(y)).sum(axis=1).mean()
    assert KullbackLeibler()(np.log(p), y) == pytest.approx(CrossEntropy()(p, y) - entropy, abs=1e-14)


def test_a_class_that_does_not_occur_may_be_impossible() -> None:
    loss = KullbackLeibler()
    assert loss([[0.0, -np.inf]], [[1.0, 0.0]]) == 0.0
    np.testing.assert_array_equal(loss.backward(), [[-1.0, 0.0]])


@pytest.mark.parametrize(
    ("prediction", "target", "message"),
    [
        ([-0.5, -0.5], [0, 1], r"predictions of shape \(samples, classes, ...\), got \(2,\)"),
        (
            [[0.75, 0.25]],
            [[0.5, 0.5]],
            r"logarithms of probabilities \(the output of LogSoftmax\), which are at most 0, got 0.75",
        ),
        ([[-1.0, -0.5]], [1], r"targets of the predictions' shape \(1, 2\), got \(1,\)"),
        ([[-1.0, -0.5]], [[0.5, 0.75]], r"targets that sum to 1 over the classes \(axis 1\), got a sum of 1.25"),
        ([[-1.0, -0.5]], [[-0.5, 1.5]], "targets between 0 and 1, got -0.5"),
    ],
)
def test_bad_input_is_named(prediction: Any, target: Any, message: str) -> None:
    with pytest.raises(ValueError, match=r"^KullbackLeibler\(reduction='mean'\): takes " + message):
        KullbackLeibler()(prediction, target)
