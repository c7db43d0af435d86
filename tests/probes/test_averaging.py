"""Averages resolve what noise hides in single values, at a price that is known beforehand."""

from __future__ import annotations

import math

import numpy as np
import pytest

import gradcheck
from gradcheck.differences.settings import STEPS
from gradcheck.probes.averaging import averaged
from gradcheck.probes.comparison import Comparison
from gradcheck.probes.line import Line
from gradcheck.probes.prober import Prober
from gradcheck.probes.settings import PROBES
from gradcheck.subjects.spaces.numpy_space import NUMPY
from tests.cases import Array
from tests.probers import prober_of, shake

X40: Array = np.random.default_rng(0).uniform(0.3, 1.2, 40)


def measured(size: float, factor: float = 1.0, budget: int = 20_000, seed: int = 0) -> tuple[Prober, Line, Comparison]:
    """A slope of a sum of sines with relative noise of a known size, measured once."""
    prober = prober_of(
        lambda x: float(np.sum(np.sin(x))) * (1 + size * shake(x)),
        lambda x: factor * np.cos(x),
        X40,
        budget=budget,
        seed=seed,
    )
    line = prober.line()
    return prober, line, prober.measure(line)


def exact(line: Line) -> float:
    return float(np.cos(X40) @ NUMPY.array(line.direction, 0))


@pytest.mark.parametrize("factor", [1.0, 1.01])
def test_averages_sharpen_a_slope_that_noise_hides(factor: float) -> None:
    gains = []
    for seed in range(8):
        prober, line, hasty = measured(1e-7, factor, seed=seed)
        before = prober.evaluator.losses
        found = averaged(prober, line, hasty)
        assert not hasty.resolved
        assert abs(found.estimate.value - exact(line)) <= found.estimate.error
        assert found.disagrees is (factor != 1.0)
        gains.append(hasty.estimate.error / found.estimate.error)
        # To lower the noise by a factor takes its square as many values, at every step of the table.
        assert found is hasty or (prober.evaluator.losses - before) / (2 * STEPS.run) > gains[-1] ** 2 / 4
    assert float(np.median(gains)) > 3
    assert min(gains) >= 1


def test_little_noise_takes_few_values() -> None:
    """Noise that is twice too large fades in four values for each step; eight show how large it is."""
    sharper, spent = 0, []
    for seed in range(20):
        prober, line, hasty = measured(1.5e-8, seed=seed)
        before = prober.evaluator.losses
        found = averaged(prober, line, hasty)
        assert abs(found.estimate.value - exact(line)) <= found.estimate.error
        if not hasty.resolved and hasty.error_bar <= 4 * PROBES.target * hasty.tolerance:
            sharper += found.estimate.error < hasty.estimate.error / 2
            spent.append(prober.evaluator.losses - before)
    assert sharper >= 0.8 * len(spent) > 0
    assert float(np.median(spent)) <= 16 * 10  # two or three rounds of steps to either side


def test_a_slope_that_is_resolved_costs_nothing_more() -> None:
    prober, line, hasty = measured(1e-12)
    before = prober.evaluator.losses
    assert averaged(prober, line, hasty) is hasty
    assert prober.evaluator.losses == before


def test_noise_that_no_average_can_lower_enough_costs_nothing() -> None:
    prober, line, hasty = measured(1e-4)
    before = prober.evaluator.losses
    assert averaged(prober, line, hasty) is hasty
    assert not hasty.resolved
    assert prober.evaluator.losses == before


@pytest.mark.parametrize(("left", "begun"), [(8, False), (20, False), (20_000, True)])
def test_an_average_that_the_budget_does_not_hold_is_not_begun(left: int, begun: bool) -> None:
    used = measured(4e-8)[0].evaluator.losses
    prober, line, hasty = measured(4e-8, budget=used + left)
    assert prober.evaluator.left == left
    assert (averaged(prober, line, hasty) is not hasty) is begun
    assert (prober.evaluator.left < left) is begun


def test_without_a_tolerance_there_is_no_goal() -> None:
    prober = prober_of(lambda x: float(np.sum(np.cosh(x))) + 1e-6 * shake(x), np.zeros_like, X40)
    line = prober.line()
    hasty = prober.measure(line)
    assert hasty.tolerance == 0
    before = prober.evaluator.losses
    assert averaged(prober, line, hasty) is hasty
    assert prober.evaluator.losses == before
    assert math.isfinite(hasty.error_bar)


def test_more_evaluations_decide_what_noise_hides_at_first() -> None:
    """Every entry of a sum of 40 sines contributes a fortieth of the loss, and the noise is 1e-9 of it."""

    def loss(x: Array) -> float:
        return float(np.sum(np.sin(x))) * (1 + 1e-9 * shake(x))

    x0 = np.random.default_rng(0).uniform(0.3, 1.2, 40)
    assert gradcheck.check_gradients(loss, np.cos, x0, rng=0)

    def wrong(x: Array) -> Array:
        claim: Array = np.cos(x)
        claim[7] *= 1.0005
        return claim

    assert gradcheck.check_gradients(loss, wrong, x0, rng=0).verdict is not gradcheck.Verdict.PASS
