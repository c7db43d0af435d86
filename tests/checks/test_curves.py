"""The error against the step falls with its square for a right gradient, and stays level for a wrong one."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from gradcheck import check_jacobian
from gradcheck.checks.curves import EXPONENTS, MOST
from gradcheck.checks.gradients import check_subject
from gradcheck.reports.report import Report
from gradcheck.subjects.convert import as_subject

POINT = {"a": np.array([0.3, -0.7, 1.1]), "b": np.array([[0.5, 2.0], [-1.5, 0.4]])}


def loss(p: Any) -> float:
    return float(np.sum(np.sin(p["a"])) + np.sum(np.exp(p["b"])))


def gradient(p: Any) -> Any:
    return {"a": np.cos(p["a"]), "b": np.exp(p["b"])}


def wrong_in_a(p: Any) -> Any:
    return {"a": np.cos(p["a"]) * 1.5, "b": np.exp(p["b"])}


def check(grad: Any, seed: int = 0, *, curves: bool = True, budget: int | None = None, at: Any = None) -> Report:
    subject = as_subject(loss, grad, POINT if at is None else at)
    return check_subject(subject, rng=seed, curves=curves, budget=budget)


@pytest.mark.parametrize("seed", range(5))
def test_the_gap_of_a_right_gradient_falls_with_the_square_of_the_step_until_rounding(seed: int) -> None:
    for block in check(gradient, seed).blocks.values():
        points = {np.log2(point.step): point.gap for point in block.curve}
        assert min(points.values()) < 1e-8
        shrinking = [points[k] / points[k - 2] for k in (-4, -6, -8)]  # steps of a quarter: a sixteenth of the gap
        assert shrinking == pytest.approx([16.0] * 3, rel=0.2)
        assert points[-48] > 1e-5  # rounding


@pytest.mark.parametrize("seed", range(5))
def test_the_gap_of_a_wrong_gradient_stays_level(seed: int) -> None:
    blocks = check(wrong_in_a, seed).blocks
    level = [point.gap for point in blocks["a"].curve if 1e-8 < point.step < 1e-3]
    assert len(level) > 5
    assert level == pytest.approx([level[0]] * len(level), rel=1e-3)
    assert 0.05 < level[0] <= 1 / 3 + 1e-6  # of 1.5 times the slope, 0.5; entries may cancel along the line
    assert min(point.gap for point in blocks["b"].curve) < 1e-8


@pytest.mark.parametrize("curves", [False, True])
def test_the_gap_of_a_single_entry_is_that_of_its_derivative(curves: bool) -> None:
    subject = as_subject(lambda x: math.sin(x), lambda x: 1.5 * math.cos(x), 0.4)
    (block,) = check_subject(subject, rng=0, curves=curves).blocks.values()
    for point in block.curve:  # (sin(x + t) - sin(x - t)) / 2t = cos x sin t / t, at the scale of x
        if 1e-8 < point.step < 1e-3:
            assert point.gap == pytest.approx(1 / 3, rel=1e-5)
            assert 2.0**-54 < point.bar * point.step < 2.0**-46  # a few roundings of a loss of order 1


def test_without_a_wish_for_more_the_steps_are_those_of_the_check() -> None:
    with_curves, without = check(wrong_in_a), check(wrong_in_a, curves=False)
    assert with_curves.evaluations == without.evaluations + 2 * 2 * len(EXPONENTS)
    assert with_curves.verdict is without.verdict
    for name, block in without.blocks.items():
        assert 2 <= len(block.curve) < len(EXPONENTS)
        steps = [point.step for point in block.curve]
        assert steps == sorted(set(steps))
        assert {math.frexp(step)[0] for step in steps} == {0.5}
        gaps = [point.gap for point in block.curve]
        bars = [point.bar for point in block.curve]
        assert bars == sorted(bars, reverse=True)
        if name == "a":
            assert min(gaps) > 100 * max(bars)
            assert gaps == pytest.approx([block.relative_error] * len(gaps), rel=0.7)
        else:
            assert max(gaps) < 1e-6


def test_a_noisy_loss_shows_where_its_noise_is() -> None:
    rng = np.random.default_rng(0)
    noise = 1e-4
    subject = as_subject(lambda p: loss(p) + noise * rng.uniform(-1, 1), gradient, POINT)
    blocks = check_subject(subject, rng=0).blocks
    for block in blocks.values():
        norm = float(np.linalg.norm(gradient(POINT)[block.name]))
        for point in block.curve:  # noise / step over a slope of about the norm of the gradient at unit scale
            assert 0.1 < point.bar * point.step * norm / noise < 30


def test_jacobians_have_the_curve_of_their_verdict() -> None:
    A = np.array([[1.0, 2.0], [3.0, -4.0], [0.5, 0.25]])

    def fun(x: Any) -> Any:
        return A @ np.sin(x)

    x0 = np.array([0.3, 0.9])
    right = check_jacobian(fun, lambda x: A * np.cos(x), x0, rng=0).blocks["x"]
    wrong = check_jacobian(fun, lambda x: A * np.cos(x) * 1.25, x0, rng=0).blocks["x"]
    assert max(point.gap for point in right.curve) < 1e-6
    assert min(point.gap for point in wrong.curve) > 0.01
    assert max(point.bar for point in wrong.curve) < 1e-6


def test_a_budget_is_kept() -> None:
    report = check(gradient, budget=60)
    assert report.evaluations <= 60
    assert all(len(block.curve) < len(EXPONENTS) for block in report.blocks.values())


def test_steps_out_of_the_domain_are_left_out_and_a_slope_of_zero_has_no_curve() -> None:
    def logarithm(x: Any) -> float:
        return float(np.sum(np.log(x - 0.9))) if np.all(x > 0.9) else float("nan")

    report = check_subject(as_subject(logarithm, lambda x: 1 / (x - 0.9), np.array([1.0, 1.1])), rng=0, curves=True)
    (block,) = report.blocks.values()
    assert 5 < len(block.curve) < len(EXPONENTS)
    report = check_subject(as_subject(lambda x: 3.0, lambda x: 0 * x, np.ones(3)), rng=0, curves=True)
    (block,) = report.blocks.values()
    assert block.curve == ()


def test_the_worst_blocks_come_first() -> None:
    point = {f"p{i}": np.array([0.5 + i]) for i in range(MOST + 3)}

    def many(p: Any) -> float:
        return float(sum(np.sum(np.sin(x)) for x in p.values()))

    def last_is_wrong(p: Any) -> Any:
        return {name: np.cos(x) * (1.5 if name == f"p{MOST + 2}" else 1.0) for name, x in p.items()}

    report = check_subject(as_subject(many, last_is_wrong, point), rng=0, curves=True)
    drawn = [name for name, block in report.blocks.items() if len(block.curve) == len(EXPONENTS)]
    assert len(drawn) == MOST
    assert f"p{MOST + 2}" in drawn
