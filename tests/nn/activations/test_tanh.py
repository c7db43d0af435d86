from __future__ import annotations

import mpmath
import numpy as np
import pytest

from gradcheck.nn.activations.tanh import Tanh
from tests.nn.activations.precision import assert_finite, assert_precise
from tests.nn.reference import assert_layer_agrees, torch


@pytest.mark.parametrize("shape", [(4, 3), (1, 1), (5,), (2, 3, 4, 1)])
def test_agrees_with_torch(shape: tuple[int, ...]) -> None:
    x = 3 * np.random.default_rng(0).standard_normal(shape)
    assert_layer_agrees(Tanh(), lambda z, _: torch.tanh(z), x)


def test_precise_in_the_tails() -> None:
    assert_precise(Tanh(), lambda z: mpmath.tanh(z))


def test_no_overflow() -> None:
    assert_finite(Tanh())
