from __future__ import annotations

import pytest

from gradcheck.nn.optimisers.adam import Adam
from tests.nn.optimisers.trajectory import assert_same_path
from tests.nn.reference import torch


@pytest.mark.parametrize(
    ("rate", "beta1", "beta2", "eps"),
    [(0.001, 0.9, 0.999, 1e-8), (0.1, 0.9, 0.999, 1e-8), (0.05, 0.5, 0.9, 0.1), (0.05, 0.0, 0.99, 1e-8)],
)
def test_agrees_with_torch(rate: float, beta1: float, beta2: float, eps: float) -> None:
    assert_same_path(
        Adam(rate, beta1=beta1, beta2=beta2, eps=eps),
        lambda params: torch.optim.Adam(params, lr=rate, betas=(beta1, beta2), eps=eps),
    )
