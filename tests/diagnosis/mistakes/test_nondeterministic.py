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
