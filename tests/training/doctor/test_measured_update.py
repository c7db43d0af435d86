"""Coefficients of an update are recovered from its values, and other dependences are not taken for one."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gradcheck.training.doctor.measured_update import (
    MeasuredUpdate,
    common_rule,
    constant_ratio,
    fit_quotient,
    rounded_ratio,
)
from gradcheck.training.doctor.running_averages import RunningAverage

RNG = np.random.default_rng(0)
G = RNG.standard_normal(30) * 10.0 ** RNG.uniform(-6, 2, 30)
ANY: Any = None


def test_a_constant_ratio_is_found_over_all_entries() -> None:
    assert constant_ratio([(0.1 * G, G), (0.1 * G[:5], G[:5])]) == pytest.approx(0.1)


def test_one_small_entry_with_another_ratio_is_enough_to_reject_it() -> None:
    y = 0.1 * G
    y[np.abs(G).argmin()] *= 1.001
    assert constant_ratio([(y, G)]) is None
    assert constant_ratio([(0.1 * G**2, G)]) is None
    assert constant_ratio([(np.zeros(3), np.zeros(3))]) is None
    assert constant_ratio([(np.array([np.nan]), np.ones(1))]) is None


def test_changes_are_allowed_the_rounding_of_the_parameter() -> None:
    before = np.full(30, 1e6)
    change = (before - 0.1 * G) - before
    assert constant_ratio([(change, G)]) is None
    assert rounded_ratio([(change, G)]) == pytest.approx(-0.1, rel=1e-4)
    assert rounded_ratio([(-0.1 * np.sign(G), G)]) is None


@pytest.mark.parametrize("inside", [False, True])
@pytest.mark.parametrize("eps", [1e-8, 1e-3, 0.5])
def test_the_place_of_epsilon_is_recovered(inside: bool, eps: float) -> None:
    s = 0.1 * G**2
    divisor = np.sqrt(s + eps) if inside else np.sqrt(s) + eps
    found = fit_quotient(-0.01 * G / divisor, G, s)
    assert found is not None
    scale, fitted, place = found
    assert scale == pytest.approx(-0.01, rel=1e-3)
    assert fitted == pytest.approx(eps, rel=1e-2)
    assert place is inside


def test_another_power_of_the_square_is_not_a_quotient() -> None:
    assert fit_quotient(-0.01 * G / (0.1 * G**2) ** 0.4, G, 0.1 * G**2) is None
    assert fit_quotient(np.ones(1), np.ones(1), np.ones(1)) is None


def update(*averages: tuple[int, float, float], scale: float | None = -0.01) -> MeasuredUpdate:
    found = tuple(RunningAverage("s", i, power, a, b) for i, (power, a, b) in enumerate(averages))
    return MeasuredUpdate(ANY, found, scale, eps=1e-8)


@pytest.mark.parametrize(
    ("averages", "corrected", "name", "step"),
    [
        ([], False, "gradient descent", 0.01),
        ([(1, 0.0, 1.0)], False, "gradient descent", 0.01),  # a gradient that is kept until the next one
        ([(1, 1e-11, 0.5)], False, "gradient descent", 0.005),
        ([(1, 0.1, 1.0)], False, "momentum", 0.01),
        ([(1, 0.9, 1.0)], False, "momentum", 0.01),
        ([(1, 0.9, 0.1)], False, "momentum", 0.001),
        ([(2, 1.0, 1.0)], False, "AdaGrad", 0.01),
        ([(2, 0.9, 0.1)], False, "RMSProp", 0.01),
        ([(1, 0.9, 0.1), (2, 0.999, 0.001)], False, "Adam", 0.01),
        ([(1, 0.9, 0.1), (2, 0.99, 0.01)], True, "Adam", 0.01),
    ],
)
def test_the_averages_name_the_rule(
    averages: list[tuple[int, float, float]], corrected: bool, name: str, step: float
) -> None:
    found = common_rule([update(*averages), update(*averages)], corrected=corrected)
    assert found is not None
    assert found.name == name
    assert found.step == pytest.approx(step)


def test_parameters_without_a_common_rule_have_none() -> None:
    assert common_rule([], corrected=False) is None
    assert common_rule([update(), update(scale=None)], corrected=False) is None
    assert common_rule([update(), update(scale=-0.02)], corrected=False) is None
    assert common_rule([update(), update((1, 0.9, 1.0))], corrected=False) is None
    assert common_rule([update((1, 1.0, 1.0))], corrected=False) is None  # a sum of gradients is no momentum
