from __future__ import annotations

import numpy as np
import pytest

from gradcheck.nn.losses.loss import Reduction
from gradcheck.nn.losses.mean_squared_error import MeanSquaredError
from tests.nn.reference import assert_loss_agrees, tensor, torch


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("shape", [(4, 3), (1, 1), (5,), (2, 3, 4)])
def test_agrees_with_torch(reduction: Reduction, shape: tuple[int, ...]) -> None:
    rng = np.random.default_rng(0)
    prediction, target = rng.standard_normal((2, *shape))
    mse = torch.nn.MSELoss(reduction=reduction)
    assert_loss_agrees(MeanSquaredError(reduction), lambda p: mse(p, tensor(target)), prediction, target)
