from __future__ import annotations

import math

import mpmath
import numpy as np
import pytest

from gradcheck.nn.losses.log_cosh import LogCosh
from gradcheck.nn.losses.loss import Reduction
from tests.nn.reference import assert_loss_agrees, tensor, torch


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("shape", [(4, 3), (1, 1), (5,), (2, 3, 4)])
def test_agrees_with_torch(reduction: Reduction, shape: tuple[int, ...]) -> None:
    prediction, target = 2 * np.random.default_rng(0).standard_normal((2, *shape))

    def log_cosh(p: object) -> object:
        elements = torch.logaddexp(p - tensor(target), tensor(target) - p) - math.log(2)
        return elements if reduction == "none" else getattr(elements, reduction)()

    assert_loss_agrees(LogCosh(reduction), log_cosh, prediction, target)


def test_precise_for_small_and_large_errors() -> None:
    residuals = np.array([1e-8, -1e-3, 0.5, -0.999, 1.001, 3.0, -20.0, 40.0, 1000.0, -1000.0])
    loss = LogCosh("none")
    value = loss(residuals, np.zeros_like(residuals))
    with mpmath.workdps(60):
        exact = [mpmath.log(mpmath.cosh(mpmath.mpf(float(r)))) for r in residuals]
        slopes = [mpmath.tanh(mpmath.mpf(float(r))) for r in residuals]
    np.testing.assert_allclose(value, np.array(exact, float), rtol=1e-15)
    np.testing.assert_allclose(loss.backward(), np.array(slopes, float), rtol=1e-15)
