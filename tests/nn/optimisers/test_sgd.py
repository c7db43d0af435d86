from __future__ import annotations

import pytest

from gradcheck.nn.optimisers.sgd import SGD
from tests.nn.optimisers.trajectory import assert_same_path
from tests.nn.reference import torch


@pytest.mark.parametrize("rate", [0.001, 0.05, 0.1])
def test_agrees_with_torch(rate: float) -> None:
    assert_same_path(SGD(rate), lambda params: torch.optim.SGD(params, lr=rate))
