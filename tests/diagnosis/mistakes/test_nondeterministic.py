"""GC503 is reported for a loss that differs from call to call, not for one with a fixed seed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gradcheck import check_gradients
from tests.cases import logcosh
from tests.diagnosis.mistakes.cases import slugs

SLUG = "nondeterministic"
X = np.random.default_rng(0).normal(size=5)


@pytest.mark.parametrize("noise", [1e-3, 1.0, 1e3])
def test_a_loss_with_new_random_numbers_is_reported(noise: float) -> None:
    rng = np.random.default_rng(1)
    report = check_gradients(lambda x: logcosh(x) + noise * rng.normal(), np.tanh, X, rng=0)
    assert SLUG in slugs(report)
    assert report.verdict.value != "fail"


def test_a_gradient_call_that_changes_the_loss_is_reported() -> None:
    state = {"scale": 1.0}

    def gradient(x: Any) -> Any:
        state["scale"] *= 1.5
        return np.tanh(x)

    assert SLUG in slugs(check_gradients(lambda x: state["scale"] * logcosh(x), gradient, X, rng=0))


def test_a_fixed_seed_is_not_reported() -> None:
    def loss(x: Any) -> float:
        return logcosh(x) + float(np.random.default_rng(3).normal() * x.sum())

    extra = np.random.default_rng(3).normal()
    report = check_gradients(loss, lambda x: np.tanh(x) + extra, X, rng=0)
    assert report
    assert not report.findings


def test_a_wrong_gradient_of_a_deterministic_loss_is_not_reported() -> None:
    assert SLUG not in slugs(check_gradients(logcosh, lambda x: -np.tanh(x), X, rng=0))


@pytest.mark.parametrize("size", [0.5, 1e-2, 1e-3])
@pytest.mark.parametrize("where", ["all", "one", "scale"])
@pytest.mark.parametrize("seed", range(4))
def test_a_gradient_that_differs_from_call_to_call_is_reported(size: float, where: str, seed: int) -> None:
    rng = np.random.default_rng(seed)

    def gradient(x: Any) -> Any:
        g = np.tanh(x)
        if where == "one":
            g[rng.integers(len(x))] *= 1 + size
            return g
        return g * (1 + size * rng.standard_normal(len(x) if where == "all" else 1))

    report = check_gradients(logcosh, gradient, X, rng=seed)
    assert report.verdict.value == "fail"
    assert slugs(report)[0] == SLUG


def test_a_mask_that_is_drawn_anew_in_the_backward_pass_is_reported() -> None:
    data = np.random.default_rng(0)
    A, y, kept = data.normal(size=(10, 6)), data.normal(size=10), data.random((10, 6)) > 0.4
    masks = np.random.default_rng(1)

    def gradient(w: Any) -> Any:
        return 2 * (A * (masks.random((10, 6)) > 0.4) / 0.6).T @ ((A * kept / 0.6) @ w - y)

    report = check_gradients(lambda w: np.sum(((A * kept / 0.6) @ w - y) ** 2), gradient, data.normal(size=6), rng=0)
    (finding,) = report.findings
    assert finding.slug == SLUG
    assert "of the claimed gradient at one and the same point is" in finding.evidence


def test_a_gradient_that_differs_by_rounding_alone_is_not_reported() -> None:
    rng = np.random.default_rng(0)
    report = check_gradients(logcosh, lambda x: 2 * np.tanh(x) * (1 + 1e-14 * rng.standard_normal(5)), X, rng=0)
    assert slugs(report) == ["constant-factor"]
