"""What an optimiser object remembers: averages with the right weights, with wrong ones, and sums."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import gradcheck
from gradcheck.nn import SGD, Adam, IRpropMinus, Momentum, Nesterov, Optimiser, RMSProp
from gradcheck.training.doctor.averages import of_optimiser
from gradcheck.training.doctor.causes.biased_average import findings

Array = NDArray[Any]


class Rule:
    """An optimiser as people write them, with whatever it remembers in dictionaries."""

    def __init__(self, change: Callable[[dict[str, Array], Array], Array]) -> None:
        self.caches: dict[str, dict[str, Array]] = {}
        self.change = change
        self.rate = 0.01

    def step(self, params: dict[str, Array], grads: dict[str, Array]) -> None:
        for name, value in params.items():
            value -= self.change(self.caches.setdefault(name, {}), grads[name])


def rmsprop(kept: float, taken: float) -> Rule:
    def change(cache: dict[str, Array], g: Array) -> Array:
        cache["s"] = kept * cache.get("s", np.zeros_like(g)) + taken * g**2
        return np.asarray(0.01 * g / (np.sqrt(cache["s"]) + 1e-8))

    return Rule(change)


def momentum(kept: float, taken: float) -> Rule:
    def change(cache: dict[str, Array], g: Array) -> Array:
        cache["v"] = kept * cache.get("v", np.zeros_like(g)) + taken * g
        return 0.01 * cache["v"]

    return Rule(change)


@pytest.mark.parametrize(
    ("optimiser", "kept"),
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
    optimiser: Optimiser, kept: list[tuple[int, float, float]]
) -> None:
    found = of_optimiser(optimiser)
    assert [one.power for one in found] == [power for power, _, _ in kept]
    np.testing.assert_allclose([(one.kept, one.taken) for one in found], [coefficients for _, *coefficients in kept])
    assert not findings([found])
    assert optimiser.steps == 0


@pytest.mark.parametrize(("kept", "taken", "total"), [(0.9, 0.9, "9"), (0.99, 0.1, "10"), (0.9, 0.01, "0.1")])
def test_squares_whose_weights_do_not_sum_to_one_are_found(kept: float, taken: float, total: str) -> None:
    (found,) = findings([of_optimiser(rmsprop(kept, taken))])
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
def test_right_averages_sums_and_momentum_of_any_kind_are_let_be(rule: Rule) -> None:
    assert not findings([of_optimiser(rule)])


def test_an_object_that_cannot_be_tried_is_not_accused() -> None:
    class Particular:
        def step(self, params: dict[str, Array], grads: dict[str, Array]) -> None:
            params["W1"] -= grads["W1"]

    assert of_optimiser(Particular()) == []


def test_the_doctor_tells_of_it_first() -> None:
    rule = rmsprop(0.9, 0.9)
    report = gradcheck.doctor(lambda x: float(x @ x), lambda x: 2 * x, np.ones(3), optimiser=rule, rng=0, budget=0)
    assert [finding.slug for finding in report.findings] == ["biased-average"]
    assert rule.caches == {}
