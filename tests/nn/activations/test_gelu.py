from __future__ import annotations

from typing import Any

import mpmath
import numpy as np
import pytest

from gradcheck.nn.activations.gelu import GELU
from tests.nn.activations.precision import assert_finite, assert_precise
from tests.nn.reference import assert_layer_agrees, torch


@pytest.mark.parametrize("approximate", [False, True])
@pytest.mark.parametrize("shape", [(4, 3), (1, 1), (5,), (2, 3, 4, 1)])
def test_agrees_with_torch(shape: tuple[int, ...], approximate: bool) -> None:
    x = 3 * np.random.default_rng(0).standard_normal(shape)
    form = "tanh" if approximate else "none"
    assert_layer_agrees(GELU(approximate=approximate), lambda z, _: torch.nn.functional.gelu(z, approximate=form), x)


def test_precise_in_the_tails() -> None:
    assert_precise(GELU(), lambda z: z * mpmath.erfc(-z / mpmath.sqrt(2)) / 2, rounding=lambda z: min(z, 0.0) ** 2)


def exponent(z: Any) -> Any:
    """2u of the approximation."""
    return mpmath.sqrt(mpmath.mpf(8) / mpmath.pi) * (z + mpmath.mpf("0.044715") * z**3)


def test_the_approximation_is_precise_in_the_tails() -> None:
    assert_precise(
        GELU(approximate=True),
        lambda z: z / (1 + mpmath.exp(-exponent(z))),
        rounding=lambda z: 2 * abs(float(exponent(min(z, 0.0)))),
    )


@pytest.mark.parametrize("approximate", [False, True])
def test_no_overflow(approximate: bool) -> None:
    assert_finite(GELU(approximate=approximate))


def test_is_described_by_its_arguments() -> None:
    assert GELU(approximate=True).spec() == {"kind": "GELU", "approximate": True}
