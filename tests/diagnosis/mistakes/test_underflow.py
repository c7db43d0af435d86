"""GC507 is named for a gradient of zero whose right values are below what its type can hold; it does not fail."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gradcheck
from gradcheck.reports.report import Report
from tests.diagnosis.mistakes.cases import slugs

SLUG = "underflow"


def scaled(scale: Any, dtype: Any, n: int = 6, *, forgotten: bool = False) -> Report:
    """Check Σ scale · sin x with its gradient scale · cos x, rounded to a type; both are computed in float64."""
    x0 = np.random.default_rng(0).uniform(-1, 1, n).astype(dtype)

    def loss(x: Any) -> float:
        return float(np.sum(scale * np.sin(x.astype(float))))

    def gradient(x: Any) -> Any:
        right = scale * np.cos(x.astype(float))
        return (0 * right if forgotten else right).astype(dtype)

    return gradcheck.check_gradients(loss, gradient, x0, rng=0)


def product(dtype: Any) -> Report:
    """Check a product of 125 numbers, about 1e-52."""
    x0 = np.random.default_rng(0).uniform(-1, 1, 125).astype(dtype)
    return gradcheck.check_gradients(np.prod, lambda x: np.prod(x) / x, x0, rng=0)


#: The smallest positive numbers are 6e-8 (float16) and 1.4e-45 (float32).
UNDERFLOWS: dict[str, Callable[[], Report]] = {
    "product in float32": lambda: product(np.float32),
    "float16": lambda: scaled(1e-9, np.float16),
    "float16, large block": lambda: scaled(1e-9, np.float16, 400),
    "float32": lambda: scaled(1e-50, np.float32),
}

OTHERS: dict[str, tuple[Callable[[], Report], str]] = {
    "float64 holds it": (lambda: product(np.float64), "pass"),
    "float32 holds it": (lambda: scaled(1e-9, np.float32), "pass"),
    "forgotten in float16": (lambda: scaled(1e-3, np.float16, forgotten=True), "fail"),
    "forgotten in float32, though small": (lambda: scaled(1e-9, np.float32, forgotten=True), "fail"),
    "forgotten in float64": (lambda: scaled(1e-50, np.float64, forgotten=True), "fail"),
    "one entry could be held": (lambda: scaled(np.array([1e-9] * 5 + [1e-3]), np.float16, forgotten=True), "fail"),
    "half of the entries underflow": (lambda: scaled(np.array([1.0] * 3 + [1e-9] * 3), np.float16), "pass"),
}


@pytest.mark.parametrize("check", UNDERFLOWS.values(), ids=UNDERFLOWS)
def test_it_is_named_and_undecided(check: Any) -> None:
    report = check()
    assert report.verdict.value == "undecided"
    assert slugs(report) == [SLUG]
    assert report.blocks["x"].note.startswith("the claimed gradient is zero because its type holds no number as small")
    assert "Multiply the loss by a constant" in " ".join(str(report).split())
    assert "the smallest number that its type holds is" in report.findings[0].evidence


@pytest.mark.parametrize(("check", "verdict"), OTHERS.values(), ids=OTHERS)
def test_what_the_type_could_hold_is_judged_as_usual(check: Any, verdict: str) -> None:
    report = check()
    assert report.verdict.value == verdict
    assert SLUG not in slugs(report)
    if verdict == "fail":
        assert slugs(report) == ["zero-gradient"]
