from __future__ import annotations

import mpmath
import numpy as np
import pytest

from gradcheck.nn.activations.silu import SiLU
from tests.nn.activations.precision import assert_finite, assert_precise
from tests.nn.reference import assert_layer_agrees, torch


@pytest.mark.parametrize("shape", [(4, 3), (1, 1), (5,), (2, 3, 4, 1)])
def test_agrees_with_torch(shape: tuple[int, ...]) -> None:
    x = 3 * np.random.default_rng(0).standard_normal(shape)
    assert_layer_agrees(SiLU(), lambda z, _: torch.nn.functional.silu(z), x)


def test_precise_in_the_tails() -> None:
    assert_precise(SiLU(), lambda z: z / (1 + mpmath.exp(-z)))


def test_no_overflow() -> None:
    assert_finite(SiLU())
