from __future__ import annotations

import numpy as np
import pytest

from gradcheck.nn.losses.loss import Reduction
from gradcheck.nn.losses.mean_absolute_error import MeanAbsoluteError
from tests.nn.reference import assert_loss_agrees, tensor, torch


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("shape", [(4, 3), (1, 1), (5,), (2, 3, 4)])
def test_agrees_with_torch(reduction: Reduction, shape: tuple[int, ...]) -> None:
    prediction, target = np.random.default_rng(0).standard_normal((2, *shape))
    target.flat[0] = prediction.flat[0]
    mae = torch.nn.L1Loss(reduction=reduction)
    assert_loss_agrees(MeanAbsoluteError(reduction), lambda p: mae(p, tensor(target)), prediction, target)
