"""Rules of `autograd` are used where they are right: that of `numpy.linalg.norm` forgets `keepdims`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gradcheck
from gradcheck.recording import rules
from tests.recording.test_record import recorded

RNG = np.random.default_rng(7)
POINT = RNG.normal(size=(30, 20))  # more entries than would be measured one by one
WEIGHTS = RNG.normal(size=(30, 1))


def unit_rows(x: Any) -> Any:
    return x / np.linalg.norm(x, axis=1, keepdims=True)


def kept_norms(x: Any) -> Any:
    return np.sum(WEIGHTS * np.linalg.norm(x, axis=1, keepdims=True))


def plain_norms(x: Any) -> Any:
    return np.sum(WEIGHTS[:, 0] * np.linalg.norm(x, axis=1))


def of_norms(x: Any) -> Any:
    return WEIGHTS * x / np.linalg.norm(x, axis=1, keepdims=True)


def whole_norm(x: Any) -> Any:
    return np.linalg.norm(x)


def kept_sums(x: Any) -> Any:
    return np.sum(x.sum(axis=0, keepdims=True) * x.max(axis=0, keepdims=True))


def of_sums(x: Any) -> Any:
    return x.max(axis=0) * np.ones_like(x) + x.sum(axis=0) * (x == x.max(axis=0))


def kinks(x: Any) -> Any:
    return np.sum(np.maximum(x, 0.0) + np.abs(x))


def squared_kinks(x: Any) -> Any:
    return np.sum(np.maximum(x, 0.0) ** 2 + np.abs(x))


LOSSES: dict[str, tuple[Callable[[Any], Any], Callable[[Any], Any]]] = {
    "norms that keep their axis": (kept_norms, of_norms),
    "norms that do not": (plain_norms, of_norms),
    "the norm of all": (whole_norm, lambda x: x / np.linalg.norm(x)),
    "sums and maxima that keep their axis": (kept_sums, of_sums),
    "kinks": (kinks, lambda x: (x > 0) + np.sign(x)),
}


@pytest.mark.parametrize("name", LOSSES)
def test_recorded_derivatives_are_those_of_the_formula(name: str) -> None:
    loss, derivative = LOSSES[name]
    np.testing.assert_allclose(recorded(loss, POINT).truths[0], derivative(POINT), rtol=1e-9, atol=1e-12)


def log_determinant(x: Any) -> Any:
    covariance = x @ x.T + 30.0 * np.eye(30)
    return np.sum(np.log(np.diagonal(np.linalg.cholesky(covariance)))) + np.sum(np.linalg.eigh(covariance)[0] ** 2)


def test_rules_for_symmetric_matrices_are_used() -> None:
    covariance = POINT @ POINT.T + 30.0 * np.eye(30)
    expected = np.linalg.solve(covariance, POINT) + 4.0 * covariance @ POINT
    np.testing.assert_allclose(recorded(log_determinant, POINT).truths[0], expected, rtol=1e-9)


def test_kinks_at_the_point_itself_do_not_discredit_a_rule() -> None:
    rules._BELIEVED.clear()
    x = np.zeros((25, 20))
    recorded(squared_kinks, x)
    assert all(rules._BELIEVED.values())


def test_the_wrong_line_beside_a_norm_is_named_and_no_other() -> None:
    targets = unit_rows(RNG.normal(size=(30, 20)))

    def loss(x: Any) -> float:
        return float(-np.sum(unit_rows(x) * targets))

    def gradient(x: Any) -> Any:
        n = np.linalg.norm(x, axis=1, keepdims=True)
        e = x / n
        along = np.sum(targets * e, axis=1, keepdims=True)
        return (e * along - targets) / n**2

    report = gradcheck.check_gradients(loss, gradient, POINT, rng=0)
    assert report.verdict.value == "fail"
    wrong = [line.text for line in report.lines if line.verdict.value == "fail"]
    assert [text.startswith("return") for text in wrong] == [True]
