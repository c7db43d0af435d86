from __future__ import annotations

import pytest

from gradcheck.nn.optimisers.momentum import Momentum
from tests.nn.optimisers.trajectory import assert_same_path
from tests.nn.reference import torch


@pytest.mark.parametrize(("rate", "momentum"), [(0.001, 0.9), (0.02, 0.9), (0.05, 0.5), (0.05, 0.0)])
def test_agrees_with_torch(rate: float, momentum: float) -> None:
    assert_same_path(
        Momentum(rate, momentum=momentum), lambda params: torch.optim.SGD(params, lr=rate, momentum=momentum)
    )
