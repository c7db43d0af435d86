"""A sign, a half or a double of a whole block is proved by few evaluations; a right gradient never is."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gradcheck import Verdict, check_gradients

Params = dict[str, Any]

X = np.random.default_rng(0).standard_normal((20, 6))
Y = np.random.default_rng(1).standard_normal((20, 3))


def network(seed: int) -> Params:
    rng = np.random.default_rng(seed)
    shapes = {"W1": (6, 5), "b1": (5,), "W2": (5, 3), "b2": (3,)}
    return {name: rng.standard_normal(shape) for name, shape in shapes.items()}


def loss(p: Params) -> float:
    return float(np.mean((np.tanh(X @ p["W1"] + p["b1"]) @ p["W2"] + p["b2"] - Y) ** 2))


def gradient(p: Params) -> Params:
    hidden = np.tanh(X @ p["W1"] + p["b1"])
    out = 2 * (hidden @ p["W2"] + p["b2"] - Y) / Y.size
    inner = (out @ p["W2"].T) * (1 - hidden**2)
    return {"W1": X.T @ inner, "b1": inner.sum(0), "W2": hidden.T @ out, "b2": out.sum(0)}


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("factor", [-1.0, 0.5, 2.0])
@pytest.mark.parametrize("block", ["W1", "b1", "W2", "b2"])
def test_a_gross_mistake_in_one_of_four_blocks_takes_few_evaluations(block: str, factor: float, seed: int) -> None:
    def wrong(p: Params) -> Params:
        return {name: factor * g if name == block else g for name, g in gradient(p).items()}

    report = check_gradients(loss, wrong, network(seed), rng=seed, diagnose=False)
    assert report.verdict is Verdict.FAIL
    assert report.blocks[block].verdict is Verdict.FAIL
    assert report.evaluations <= 36


@pytest.mark.parametrize("size", [1, 10, 10_000])
@pytest.mark.parametrize("factor", [-1.0, 0.5, 2.0])
def test_a_single_block_takes_no_more_than_a_pass(factor: float, size: int) -> None:
    x0 = np.random.default_rng(size).uniform(0.3, 1.5, size)
    costs = []
    for times in (1.0, factor):
        report = check_gradients(
            lambda x: float(np.cosh(x).sum()), lambda x, k=times: k * np.sinh(x), x0, rng=2, diagnose=False
        )
        assert report.verdict is (Verdict.PASS if times == 1 else Verdict.FAIL)
        costs.append(report.evaluations)
    assert costs[1] <= costs[0] + 8


@pytest.mark.parametrize("seed", range(10))
def test_a_right_gradient_passes_in_at_most_twenty(seed: int) -> None:
    report = check_gradients(loss, gradient, network(seed), rng=seed)
    assert report.verdict is Verdict.PASS
    assert report.evaluations <= 20


def rounds(report_of: Any) -> int:
    """How many rounds of evaluations a check takes, if those that do not depend on each other run together."""
    calls: list[int] = []

    def together(function: Any, points: Any) -> list[Any]:
        calls.append(0)
        return [function(point) for point in points]

    report = report_of(together)
    assert report.verdict is Verdict.PASS
    return len(calls)


def test_it_takes_two_rounds_and_three_single_evaluations() -> None:
    x0 = network(0)
    assert rounds(lambda together: check_gradients(loss, gradient, x0, rng=0, workers=together)) == 2


def stepped(width: float) -> Any:
    """The square of numbers that are rounded to multiples of a width: its curve has the gradient 2x."""
    return lambda x: float(np.sum((width * np.round(x / width)) ** 2))


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("exponent", [-18, -14, -10, -7])
def test_the_gradient_of_the_curve_of_a_staircase_is_not_called_wrong(exponent: int, seed: int) -> None:
    x0 = np.random.default_rng(seed).uniform(1.0, 2.0, 5)
    report = check_gradients(stepped(2.0**exponent), lambda x: 2 * x, x0, rng=seed, diagnose=False)
    assert report.verdict is not Verdict.FAIL


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("offset", [0.0, 1e-12, 1e-9, 1e-7])
def test_a_right_gradient_close_to_a_kink_is_not_called_wrong(offset: float, seed: int) -> None:
    x0 = np.array([offset, 0.7, -0.4])
    report = check_gradients(lambda x: float(np.abs(x).sum()), np.sign, x0, rng=seed, diagnose=False)
    assert report.verdict is not Verdict.FAIL
