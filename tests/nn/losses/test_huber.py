from __future__ import annotations

import numpy as np
import pytest

from gradcheck.nn.losses.huber import Huber
from gradcheck.nn.losses.loss import Reduction
from tests.nn.reference import assert_loss_agrees, tensor, torch


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("shape", [(4, 3), (1, 1), (5,), (2, 3, 4)])
@pytest.mark.parametrize("delta", [0.1, 1.0, 2.5])
def test_agrees_with_torch(reduction: Reduction, shape: tuple[int, ...], delta: float) -> None:
    prediction, target = 2 * np.random.default_rng(0).standard_normal((2, *shape))
    huber = torch.nn.HuberLoss(reduction=reduction, delta=delta)
    assert_loss_agrees(Huber(reduction, delta=delta), lambda p: huber(p, tensor(target)), prediction, target)


@pytest.mark.parametrize("delta", [0.0, -1.0, float("inf"), float("nan")])
def test_bad_deltas_are_named(delta: float) -> None:
    with pytest.raises(ValueError, match="Huber: delta must be a positive number"):
        Huber(delta=delta)
