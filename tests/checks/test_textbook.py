"""The textbook method: its ratio, its cost, its verdicts."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gradcheck import check_gradients
from tests.cases import BATCH, Array, TanhModel, bits, logcosh

X = np.linspace(-1.0, 2.0, 5)


def cube(x: Array) -> float:
    return float(np.sum(x**3))


@pytest.mark.parametrize(
    ("factor", "expected"), [(1.0, "pass"), (1 + 1e-8, "pass"), (1 + 1e-5, "undecided"), (1.1, "fail"), (-1.0, "fail")]
)
def test_ratio_decides_as_in_the_lectures(factor: float, expected: str) -> None:
    report = check_gradients(logcosh, lambda x: factor * np.tanh(x), X, rng=0, method="textbook")
    assert report.verdict.value == expected
    assert report.method == "textbook"
    assert {"pass": "right", "undecided": "undecided", "fail": "wrong"}[expected] in report.notes[0]


@pytest.mark.parametrize("factor", [1.5, 0.0, -1.0])
def test_ratio_is_that_of_the_formula(factor: float) -> None:
    """Central differences of a cube with the step h are 3x² + h²."""
    report = check_gradients(cube, lambda x: factor * 3 * x**2, X, rng=0, method="textbook")
    claim, numeric = factor * 3 * X**2, 3 * X**2 + 1e-8
    norm = np.linalg.norm
    ratio = norm(claim - numeric) / (norm(claim) + norm(numeric))
    assert report.blocks["x"].relative_error == pytest.approx(float(ratio), rel=1e-6)
    assert report.blocks["x"].numeric_norm == pytest.approx(float(norm(numeric)), rel=1e-6)


def test_cost_is_two_evaluations_an_entry() -> None:
    calls = 0

    def loss(x: Array) -> float:
        nonlocal calls
        calls += 1
        return logcosh(x)

    report = check_gradients(loss, np.tanh, X, rng=0, method="textbook")
    assert report.evaluations == calls == 1 + 2 * 5
    assert report.gradients == 1


def test_blocks_have_ratios_of_their_own_and_the_whole_decides() -> None:
    x0 = {"large": np.linspace(10, 20, 5), "small": np.linspace(1e-3, 2e-3, 5)}
    report = check_gradients(
        lambda p: 0.5 * float(np.sum(p["large"] ** 2) + np.sum(p["small"] ** 2)),
        lambda p: {"large": p["large"], "small": 2 * p["small"]},
        x0,
        rng=0,
        method="textbook",
    )
    assert report.verdict.value == "undecided"
    assert report.blocks["small"].relative_error == pytest.approx(1 / 3, rel=1e-3)
    assert report.blocks["large"].relative_error < 1e-9
    assert report.blocks["large"].verdict.value == "pass"


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_gradient_that_is_not_finite_never_passes(bad: float) -> None:
    report = check_gradients(logcosh, lambda x: np.full(5, bad), X, rng=0, method="textbook")
    assert report.verdict.value == "fail"


def test_zero_gradient_of_a_constant_passes() -> None:
    assert check_gradients(lambda x: 1.0, np.zeros_like, X, rng=0, method="textbook")


def test_model_is_restored() -> None:
    model = TanhModel()
    before = bits(model.params)
    assert check_gradients(model, batch=BATCH, rng=0, method="textbook")
    assert bits(model.params) == before


@pytest.mark.parametrize(("x0", "claim"), [(X, np.tanh), ({"a": X, "b": X}, lambda p: {k: np.tanh(p[k]) for k in p})])
def test_report_prints_without_bars(x0: Any, claim: Any) -> None:
    def loss(p: Any) -> float:
        return logcosh(p) if isinstance(p, np.ndarray) else logcosh(p["a"]) + logcosh(p["b"])

    text = str(check_gradients(loss, claim, x0, rng=0, method="textbook"))
    assert "textbook method" in text
    assert "nan" not in text.lower()
