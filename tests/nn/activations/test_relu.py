from __future__ import annotations

import mpmath
import numpy as np
import pytest

from gradcheck.nn.activations.relu import ReLU
from tests.nn.activations.precision import assert_finite, assert_precise
from tests.nn.reference import assert_layer_agrees, torch


@pytest.mark.parametrize("shape", [(4, 3), (1, 1), (5,), (2, 3, 4, 1)])
def test_agrees_with_torch(shape: tuple[int, ...]) -> None:
    x = 3 * np.random.default_rng(0).standard_normal(shape)
    assert_layer_agrees(ReLU(), lambda z, _: torch.relu(z), x)


def test_precise_in_the_tails() -> None:
    assert_precise(ReLU(), lambda z: z if z > 0 else mpmath.mpf(0))


def test_no_overflow() -> None:
    assert_finite(ReLU())


def test_slope_at_the_kink_is_that_of_torch() -> None:
    assert_layer_agrees(ReLU(), lambda z, _: torch.relu(z), np.array([-0.0, 0.0, 1e-300, -1e-300]))
