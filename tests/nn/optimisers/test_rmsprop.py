from __future__ import annotations

import pytest

from gradcheck.nn.optimisers.rmsprop import RMSProp
from tests.nn.optimisers.trajectory import assert_same_path
from tests.nn.reference import torch


@pytest.mark.parametrize(("rate", "decay", "eps"), [(0.01, 0.99, 1e-8), (0.05, 0.9, 1e-8), (0.1, 0.5, 0.1)])
def test_agrees_with_torch(rate: float, decay: float, eps: float) -> None:
    assert_same_path(
        RMSProp(rate, decay=decay, eps=eps), lambda params: torch.optim.RMSprop(params, lr=rate, alpha=decay, eps=eps)
    )
