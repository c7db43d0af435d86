"""A slope that a claim is called wrong by covers what kinks and noise do to it, and is sharp where there are none."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from numpy.typing import NDArray

import gradcheck
from gradcheck.differences.estimate import Status
from gradcheck.differences.settings import CONFIRMATION
from gradcheck.probes.comparison import Comparison
from gradcheck.probes.confirm import confirmed
from gradcheck.probes.line import Line
from gradcheck.probes.prober import Prober
from gradcheck.subjects.spaces.numpy_space import NUMPY
from tests.cases import logcosh
from tests.probers import X, prober_of, shake

Array = NDArray[np.float64]


def measured(distance: float, height: float, noise: float, budget: int = 2000) -> tuple[Prober, Line, Comparison]:
    """A slope beside a kink of a height at a distance, and by steps that reach far beyond the kink."""

    def loss(x: Array) -> float:
        return logcosh(x) + height * abs(float(x[0] - X[0]) - distance) + noise * shake(x)

    prober = prober_of(loss, lambda x: np.tanh(x) - height * np.eye(len(x))[0], X, budget=budget)
    line = prober.line()
    return prober, line, prober.measure(line)


def exact(line: Line, height: float) -> float:
    return float((np.tanh(X) - height * np.eye(len(X))[0]) @ NUMPY.array(line.direction, 0))


@pytest.mark.parametrize("noise", [0.0, 1e-9])
def test_a_smooth_slope_is_confirmed_within_its_bar(noise: float) -> None:
    prober, line, found = measured(0.0, 0.0, noise)
    before = prober.evaluator.losses
    again = confirmed(prober, line, found)
    assert abs(again.estimate.value - exact(line, 0.0)) <= again.estimate.error < 1e-4 * abs(exact(line, 0.0))
    assert again.estimate.status is Status.CONVERGED
    assert prober.evaluator.losses - before <= 2 * CONFIRMATION.steps
    assert not again.proves


def test_a_wrong_claim_is_confirmed_as_wrong() -> None:
    prober = prober_of(logcosh, lambda x: 1.5 * np.tanh(x), X)
    line = prober.line()
    found = prober.measure(line)
    again = confirmed(prober, prober.line(), found)
    assert found.proves
    assert again.proves
    assert again.claimed != found.claimed  # a fresh line is another one


@pytest.mark.parametrize("distance", [1e-5, 1e-4, 1e-3])
@pytest.mark.parametrize("height", [1e-3, 1e-1])
def test_the_bar_covers_a_kink_that_lies_within_the_steps(distance: float, height: float) -> None:
    prober, line, found = measured(distance, height, 1e-9)
    again = confirmed(prober, line, found)
    assert abs(again.estimate.value - exact(line, height)) <= again.error_bar


def test_the_steps_begin_below_the_one_that_found_the_slope() -> None:
    prober, line, found = measured(0.0, 0.0, 1e-9)
    again = confirmed(prober, line, found)
    assert math.ldexp(1.0, again.estimate.start) == found.estimate.step / 2**CONFIRMATION.below


@pytest.mark.parametrize(("left", "finite"), [(4, False), (5, False), (6, True)])
def test_fewer_than_three_step_lengths_confirm_nothing(left: int, finite: bool) -> None:
    used = measured(0.0, 0.0, 0.0)[0].evaluator.losses
    prober, line, found = measured(0.0, 0.0, 0.0, budget=used + left)
    again = confirmed(prober, line, found)
    assert math.isfinite(again.error_bar) is finite
    assert prober.evaluator.left == left % 2


class RectifiedNetwork:
    """Three layers with ReLU and the squared error, whose value is rounded to a grid or shaken by it."""

    def __init__(self, seed: int, grid: float, *, rounded: bool, factor: float = 1.0) -> None:
        rng = np.random.default_rng(seed)
        self.inputs, self.targets = rng.standard_normal((16, 4)), rng.standard_normal((16, 1))
        self.grid, self.rounded, self.factor = grid, rounded, factor
        widths = (4, 12, 8, 1)
        self.params: dict[str, Array] = {}
        for i, (n, m) in enumerate(itertools.pairwise(widths)):
            self.params[f"w{i}"] = rng.standard_normal((n, m)) * math.sqrt(2 / n)
            self.params[f"b{i}"] = 0.1 * rng.standard_normal(m)

    def forward(self) -> list[Array]:
        activations = [self.inputs]
        for i in range(3):
            z = activations[-1] @ self.params[f"w{i}"] + self.params[f"b{i}"]
            activations.append(np.maximum(z, 0) if i < 2 else z)
        return activations

    def loss(self) -> float:
        value = float(np.mean((self.forward()[-1] - self.targets) ** 2))
        if self.rounded:
            return round(value / self.grid) * self.grid
        return value + self.grid * shake(np.concatenate([x.ravel() for x in self.params.values()]))

    def gradient(self) -> dict[str, Array]:
        activations = self.forward()
        delta = 2 * (activations[-1] - self.targets) / self.targets.size
        found: dict[str, Array] = {}
        for i in (2, 1, 0):
            found[f"w{i}"], found[f"b{i}"] = self.factor * activations[i].T @ delta, delta.sum(axis=0)
            delta = (delta @ self.params[f"w{i}"].T) * (activations[i] > 0)
        return found


@pytest.mark.parametrize("rounded", [True, False], ids=["grid", "shaken"])
@pytest.mark.parametrize("digits", range(3, 13))
def test_a_right_gradient_with_kinks_behind_noise_is_not_called_wrong(digits: int, rounded: bool) -> None:
    for seed in range(4):
        report = gradcheck.check_gradients(RectifiedNetwork(seed, 10.0**-digits, rounded=rounded), rng=seed)
        assert report.verdict is not gradcheck.Verdict.FAIL, str(report)


@pytest.mark.parametrize("rounded", [True, False], ids=["grid", "shaken"])
@pytest.mark.parametrize("digits", [8, 10, 12])
def test_a_wrong_factor_behind_the_same_noise_is_found(digits: int, rounded: bool) -> None:
    network = RectifiedNetwork(0, 10.0**-digits, rounded=rounded, factor=2.0)
    report = gradcheck.check_gradients(network, rng=0)
    assert report.verdict is gradcheck.Verdict.FAIL
    assert report.blocks["b0"].verdict is not gradcheck.Verdict.FAIL
