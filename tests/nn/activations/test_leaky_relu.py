from __future__ import annotations

import mpmath
import numpy as np
import pytest

from gradcheck.nn.activations.leaky_relu import LeakyReLU
from tests.nn.activations.precision import assert_finite, assert_precise
from tests.nn.reference import assert_layer_agrees, torch

SLOPES = (0.0, 0.01, 0.3, 1.0)


@pytest.mark.parametrize("slope", SLOPES)
@pytest.mark.parametrize("shape", [(4, 3), (1, 1), (5,), (2, 3, 4, 1)])
def test_agrees_with_torch(shape: tuple[int, ...], slope: float) -> None:
    x = 3 * np.random.default_rng(0).standard_normal(shape)
    assert_layer_agrees(LeakyReLU(slope=slope), lambda z, _: torch.nn.functional.leaky_relu(z, slope), x)


def test_slope_at_the_kink_is_that_of_torch() -> None:
    x = np.array([-0.0, 0.0, 1e-300, -1e-300])
    assert_layer_agrees(LeakyReLU(slope=0.3), lambda z, _: torch.nn.functional.leaky_relu(z, 0.3), x)


@pytest.mark.parametrize("slope", SLOPES)
def test_precise_in_the_tails(slope: float) -> None:
    assert_precise(LeakyReLU(slope=slope), lambda z: z if z > 0 else mpmath.mpf(slope) * z)
    assert_finite(LeakyReLU(slope=slope))


def test_is_described_by_its_arguments() -> None:
    assert LeakyReLU().spec() == {"kind": "LeakyReLU", "slope": 0.01}


@pytest.mark.parametrize("slope", [-0.1, 1.1, float("nan"), float("inf")])
def test_bad_slopes_are_named(slope: float) -> None:
    with pytest.raises(ValueError, match="LeakyReLU: slope must be a number from 0 to 1, got"):
        LeakyReLU(slope=slope)
