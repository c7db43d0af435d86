from __future__ import annotations

import pytest

from gradcheck.nn.optimisers.adagrad import AdaGrad
from tests.nn.optimisers.trajectory import assert_same_path
from tests.nn.reference import torch


@pytest.mark.parametrize(("rate", "eps"), [(0.01, 1e-10), (0.1, 1e-10), (0.1, 0.1)])
def test_agrees_with_torch(rate: float, eps: float) -> None:
    assert_same_path(AdaGrad(rate, eps=eps), lambda params: torch.optim.Adagrad(params, lr=rate, eps=eps))
