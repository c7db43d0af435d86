"""Step functions take the steps of the rules that they stand for."""

from __future__ import annotations

import numpy as np
import pytest

from gradcheck.nn import SGD, Adam, Momentum, Nesterov, Optimiser, RMSProp
from gradcheck.training.doctor.update_rule import Coefficients, StepFunction, UpdateRule, optimiser_rule

GRADIENTS = np.random.default_rng(0).standard_normal((20, 4))


def end(step_function: StepFunction) -> np.ndarray:
    theta = np.arange(4.0)
    for gradient in GRADIENTS:
        theta = step_function(theta, gradient)
    return theta


def by_hand(optimiser: Optimiser) -> np.ndarray:
    params = {"x": np.arange(4.0)}
    for gradient in GRADIENTS:
        optimiser.step(params, {"x": gradient.copy()})
    return params["x"]


@pytest.mark.parametrize(
    ("coefficients", "optimiser"),
    [
        (Coefficients((0.8, 1.0), None, -0.1), Momentum(0.1, momentum=0.8)),
        (Coefficients(None, (0.9, 0.1), -0.1, eps=1e-3), RMSProp(0.1, decay=0.9, eps=1e-3)),
        (
            Coefficients((0.8, 0.2), (0.9, 0.1), -0.1, corrected=True, eps=1e-3),
            Adam(0.1, beta1=0.8, beta2=0.9, eps=1e-3),
        ),
    ],
)
def test_measured_coefficients_take_the_steps_of_the_optimiser(
    coefficients: Coefficients, optimiser: Optimiser
) -> None:
    rule = UpdateRule("measured", 0.1, None, coefficients=coefficients)
    np.testing.assert_allclose(end(rule.step_function()), by_hand(optimiser), rtol=1e-12)


def test_epsilon_under_the_root_differs_from_epsilon_outside() -> None:
    inside, outside = (
        UpdateRule("", 0.1, None, coefficients=Coefficients(None, (0.9, 0.1), -0.1, eps=0.5, inside=inside))
        for inside in (True, False)
    )
    first = GRADIENTS[0]
    expected = -0.1 * first / np.sqrt(0.1 * first**2 + 0.5)
    np.testing.assert_allclose(inside.step_function()(np.zeros(4), first), expected)
    assert not np.allclose(outside.step_function()(np.zeros(4), first), expected)


@pytest.mark.parametrize(
    "rule",
    [
        UpdateRule("gradient descent", 0.1, 0.1),
        optimiser_rule(Momentum(0.1)),
        UpdateRule("momentum", 0.1, 1.0, coefficients=Coefficients((0.9, 1.0), None, -0.1)),
    ],
)
def test_a_factor_multiplies_the_step_and_state_is_not_shared(rule: UpdateRule) -> None:
    start, first = np.zeros(4), GRADIENTS[0]
    np.testing.assert_allclose(rule.step_function(10.0)(start, first), 10 * rule.step_function()(start, first))
    np.testing.assert_array_equal(end(rule.step_function()), end(rule.step_function()))


@pytest.mark.parametrize(
    ("optimiser", "effective"),
    [(SGD(0.1), 0.1), (Momentum(0.1, momentum=0.8), 0.5), (Nesterov(0.1, momentum=0.9), 1.0), (Adam(0.1), None)],
)
def test_the_effective_step_is_that_along_a_constant_gradient(optimiser: Optimiser, effective: float | None) -> None:
    found = optimiser_rule(optimiser).effective_step
    assert found is None if effective is None else found == pytest.approx(effective)


def test_the_users_optimiser_is_not_stepped() -> None:
    optimiser = SGD(0.1)
    end(optimiser_rule(optimiser).step_function(2.0))
    assert (optimiser.steps, optimiser.rate) == (0, 0.1)
