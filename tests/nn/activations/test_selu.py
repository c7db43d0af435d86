from __future__ import annotations

from typing import Any

import mpmath
import numpy as np
import pytest

from gradcheck.nn.activations.selu import ALPHA, SCALE, SELU
from tests.nn.activations.precision import assert_finite, assert_precise
from tests.nn.reference import assert_layer_agrees, torch


def scaled(z: Any) -> Any:
    return mpmath.mpf(SCALE) * (z if z > 0 else mpmath.mpf(ALPHA) * mpmath.expm1(z))


@pytest.mark.parametrize("shape", [(4, 3), (1, 1), (5,), (2, 3, 4, 1)])
def test_agrees_with_torch(shape: tuple[int, ...]) -> None:
    x = 3 * np.random.default_rng(0).standard_normal(shape)
    assert_layer_agrees(SELU(), lambda z, _: torch.nn.functional.selu(z), x)


def test_precise_in_the_tails() -> None:
    assert_precise(SELU(), lambda z: scaled(z))


def test_no_overflow_if_the_result_is_finite() -> None:
    assert_finite(SELU(), share=0.95)


def test_slope_at_the_kink_is_that_of_torch() -> None:
    assert_layer_agrees(SELU(), lambda z, _: torch.nn.functional.selu(z), np.array([-0.0, 0.0, 1e-300, -1e-300]))


def test_the_constants_keep_mean_and_variance() -> None:
    with mpmath.workdps(30):
        mean = mpmath.quad(lambda z: scaled(z) * mpmath.npdf(z), [-mpmath.inf, 0, mpmath.inf])
        square = mpmath.quad(lambda z: scaled(z) ** 2 * mpmath.npdf(z), [-mpmath.inf, 0, mpmath.inf])
    assert abs(mean) < 1e-15
    assert abs(square - 1) < 1e-15
