from __future__ import annotations

import numpy as np
import pytest

from gradcheck.nn.optimisers.adam import Adam
from gradcheck.nn.optimisers.adamw import AdamW
from tests.nn.optimisers.trajectory import assert_same_path, run
from tests.nn.reference import torch


@pytest.mark.parametrize(
    ("rate", "beta1", "beta2", "eps", "decay"),
    [(0.001, 0.9, 0.999, 1e-8, 0.01), (0.1, 0.9, 0.99, 1e-8, 0.3), (0.05, 0.5, 0.9, 0.1, 0.1)],
)
def test_agrees_with_torch(rate: float, beta1: float, beta2: float, eps: float, decay: float) -> None:
    assert_same_path(
        AdamW(rate, beta1=beta1, beta2=beta2, eps=eps, weight_decay=decay),
        lambda params: torch.optim.AdamW(params, lr=rate, betas=(beta1, beta2), eps=eps, weight_decay=decay),
    )


def test_without_decay_it_is_adam() -> None:
    for mine, adam in zip(run(AdamW(0.01, weight_decay=0.0)), run(Adam(0.01)), strict=True):
        for name, value in mine.items():
            np.testing.assert_array_equal(value, adam[name])
