from __future__ import annotations

import mpmath
import numpy as np
import pytest

from gradcheck.nn.activations.elu import ELU
from tests.nn.activations.precision import assert_finite, assert_precise
from tests.nn.reference import assert_layer_agrees, torch

ALPHAS = (1.0, 0.3, 2.5)


@pytest.mark.parametrize("alpha", ALPHAS)
@pytest.mark.parametrize("shape", [(4, 3), (1, 1), (5,), (2, 3, 4, 1)])
def test_agrees_with_torch(shape: tuple[int, ...], alpha: float) -> None:
    x = 3 * np.random.default_rng(0).standard_normal(shape)
    assert_layer_agrees(ELU(alpha=alpha), lambda z, _: torch.nn.functional.elu(z, alpha), x)


@pytest.mark.parametrize("alpha", ALPHAS)
def test_slope_at_the_kink_is_that_of_torch(alpha: float) -> None:
    x = np.array([-0.0, 0.0, 1e-300, -1e-300])
    assert_layer_agrees(ELU(alpha=alpha), lambda z, _: torch.nn.functional.elu(z, alpha), x)


@pytest.mark.parametrize("alpha", ALPHAS)
def test_precise_in_the_tails(alpha: float) -> None:
    assert_precise(ELU(alpha=alpha), lambda z: z if z > 0 else mpmath.mpf(alpha) * mpmath.expm1(z))
    assert_finite(ELU(alpha=alpha))


def test_is_described_by_its_arguments() -> None:
    assert ELU(alpha=2).spec() == {"kind": "ELU", "alpha": 2.0}


@pytest.mark.parametrize("alpha", [0.0, -1.0, float("nan"), float("inf")])
def test_bad_alphas_are_named(alpha: float) -> None:
    with pytest.raises(ValueError, match="ELU: alpha must be a positive number, got"):
        ELU(alpha=alpha)
