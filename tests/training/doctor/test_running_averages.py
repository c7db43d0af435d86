"""Averages in the state of optimiser objects: with right weights, with wrong weights, and sums."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import gradcheck
from gradcheck.nn import SGD, Adam, IRpropMinus, Momentum, Nesterov, Optimiser, RMSProp
from gradcheck.training.doctor.causes.biased_average import biased_average_findings
from gradcheck.training.doctor.running_averages import optimiser_averages

Array = NDArray[Any]


class Rule:
    """An optimiser as users write it, with its state in nested dictionaries."""

    def __init__(self, change: Callable[[dict[str, Array], Array], Array]) -> None:
        self.caches: dict[str, dict[str, Array]] = {}
        self.change = change
        self.rate = 0.01

    def step(self, params: dict[str, Array], grads: dict[str, Array]) -> None:
        for name, value in params.items():
            value -= self.change(self.caches.setdefault(name, {}), grads[name])


def rmsprop(decay: float, weight: float) -> Rule:
    def change(cache: dict[str, Array], g: Array) -> Array:
        cache["s"] = decay * cache.get("s", np.zeros_like(g)) + weight * g**2
        return np.asarray(0.01 * g / (np.sqrt(cache["s"]) + 1e-8))

    return Rule(change)


def momentum(decay: float, weight: float) -> Rule:
    def change(cache: dict[str, Array], g: Array) -> Array:
        cache["v"] = decay * cache.get("v", np.zeros_like(g)) + weight * g
        return 0.01 * cache["v"]

    return Rule(change)


@pytest.mark.parametrize(
    ("optimiser", "expected"),
    [
        (SGD(0.1), []),
        (IRpropMinus(0.1), []),
        (Momentum(0.1, momentum=0.8), [(1, 0.8, 1.0)]),
        (Nesterov(0.1), [(1, 0.9, 1.0)]),
        (RMSProp(0.1, decay=0.95), [(2, 0.95, 0.05)]),
        (Adam(0.1), [(1, 0.9, 0.1), (2, 0.999, 0.001)]),
    ],
)
def test_the_averages_of_optimisers_are_those_of_their_papers(
    optimiser: Optimiser, expected: list[tuple[int, float, float]]
) -> None:
    found = optimiser_averages(optimiser)
    assert [each.power for each in found] == [power for power, _, _ in expected]
    np.testing.assert_allclose(
        [(each.decay, each.input_weight) for each in found], [weights for _, *weights in expected]
    )
    assert not biased_average_findings([found])
    assert optimiser.steps == 0


@pytest.mark.parametrize(("decay", "weight", "total"), [(0.9, 0.9, "9"), (0.99, 0.1, "10"), (0.9, 0.01, "0.1")])
def test_squares_whose_weights_do_not_sum_to_one_are_found(decay: float, weight: float, total: str) -> None:
    (found,) = biased_average_findings([optimiser_averages(rmsprop(decay, weight))])
    assert (found.code, found.slug, found.where) == ("GT109", "biased-average", "s")
    assert f"sum to {total}, not to 1" in found.message


@pytest.mark.parametrize(
    "rule",
    [
        rmsprop(0.9, 0.1),
        rmsprop(1.0, 1.0),
        rmsprop(0.9, 1.0),
        momentum(0.9, 1.0),
        momentum(0.9, 0.1),
        momentum(0.9, 0.5),
    ],
)
def test_right_averages_sums_and_momentum_of_any_kind_are_not_reported(rule: Rule) -> None:
    assert not biased_average_findings([optimiser_averages(rule)])


def test_an_optimiser_that_cannot_be_stepped_has_no_averages() -> None:
    class ForOneParameter:
        def step(self, params: dict[str, Array], grads: dict[str, Array]) -> None:
            params["W1"] -= grads["W1"]

    assert optimiser_averages(ForOneParameter()) == []


def test_the_doctor_reports_it_and_leaves_the_optimiser_alone() -> None:
    rule = rmsprop(0.9, 0.9)
    report = gradcheck.doctor(lambda x: float(x @ x), lambda x: 2 * x, np.ones(3), optimiser=rule, rng=0, budget=0)
    assert [finding.slug for finding in report.findings] == ["biased-average"]
    assert rule.caches == {}
