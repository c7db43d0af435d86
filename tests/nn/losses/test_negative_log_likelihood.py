from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gradcheck.nn.losses.loss import Reduction
from gradcheck.nn.losses.negative_log_likelihood import NegativeLogLikelihood
from tests.nn.losses.classes import SHAPES, shares
from tests.nn.reference import assert_loss_agrees, tensor, torch


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("shape", SHAPES)
def test_agrees_with_torch(reduction: Reduction, shape: tuple[int, ...]) -> None:
    prediction = np.log(shares(shape, 0))
    target = np.random.default_rng(1).integers(shape[1], size=shape[:1] + shape[2:])
    nll = torch.nn.NLLLoss(reduction=reduction)
    assert_loss_agrees(NegativeLogLikelihood(reduction), lambda a: nll(a, tensor(target)), prediction, target)


def test_weights_agree_with_torch() -> None:
    prediction, target, weight = np.log(shares((4, 3), 0)), np.array([0, 2, 2, 1]), np.array([0.0, 1.0, 2.0, 0.5])
    nll = torch.nn.NLLLoss(reduction="none")
    assert_loss_agrees(
        NegativeLogLikelihood(), lambda a: (tensor(weight) * nll(a, tensor(target))).mean(), prediction, target, weight
    )


@pytest.mark.parametrize(
    ("prediction", "target", "message"),
    [
        ([-0.5, -0.5], [0, 1], r"predictions of shape \(samples, classes, ...\), got \(2,\)"),
        (
            [[0.75, 0.25]],
            [0],
            r"logarithms of probabilities \(the output of LogSoftmax\), which are at most 0, got 0.75",
        ),
        ([[-1.0, -0.5]], [2], "class indices that are whole numbers from 0 to 1, got 2"),
        ([[-1.0, -0.5]], [[1, 0]], r"class indices of shape \(1,\), got \(1, 2\)"),
    ],
)
def test_bad_input_is_named(prediction: Any, target: Any, message: str) -> None:
    with pytest.raises(ValueError, match=r"^NegativeLogLikelihood\(reduction='mean'\): takes " + message):
        NegativeLogLikelihood()(prediction, target)
