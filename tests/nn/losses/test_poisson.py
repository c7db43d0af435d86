from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gradcheck.nn.losses.loss import Reduction
from gradcheck.nn.losses.poisson import Poisson
from tests.nn.reference import assert_loss_agrees, tensor, torch


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("shape", [(4, 3), (1, 1), (5,), (2, 3, 4)])
@pytest.mark.parametrize(("log_input", "eps"), [(True, 1e-8), (False, 1e-8), (False, 0.1)])
def test_agrees_with_torch(reduction: Reduction, shape: tuple[int, ...], log_input: bool, eps: float) -> None:
    rng = np.random.default_rng(0)
    prediction, target = rng.standard_normal(shape), rng.poisson(2.0, shape).astype(float)
    if not log_input:
        prediction = np.abs(prediction)
    poisson = torch.nn.PoissonNLLLoss(log_input=log_input, eps=eps, reduction=reduction)
    assert_loss_agrees(
        Poisson(reduction, log_input=log_input, eps=eps), lambda p: poisson(p, tensor(target)), prediction, target
    )


def test_rates_of_zero_are_finite() -> None:
    poisson = torch.nn.PoissonNLLLoss(log_input=False)
    target = np.array([0.0, 3.0])
    assert_loss_agrees(Poisson(log_input=False), lambda p: poisson(p, tensor(target)), np.zeros(2), target)


def test_rates_beyond_the_range_are_infinite() -> None:
    loss = Poisson("none")
    np.testing.assert_array_equal(loss([1000.0, -1000.0, 1e308], [2.0, 2.0, 10.0]), [np.inf, 2000.0, np.inf])
    np.testing.assert_array_equal(loss.backward(), [np.inf, -2.0, np.inf])


@pytest.mark.parametrize(
    ("options", "prediction", "target", "message"),
    [
        ({}, [1.0, 1.0], [1, -2], r"Poisson\(.*takes targets that are not negative, got -2"),
        ({"log_input": False}, [1.0, -0.5], [1, 2], r"Poisson\(.*takes rates that are not negative, got -0.5"),
        ({"eps": 0.0}, [1.0], [1], "Poisson: eps must be a positive number, got 0.0"),
    ],
)
def test_bad_input_is_named(options: dict[str, Any], prediction: Any, target: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Poisson(**options)(prediction, target)
