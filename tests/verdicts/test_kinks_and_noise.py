"""Claims at kinks and beside noise, right and wrong by a little: each pair needs a step or a margin as it is set."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from gradcheck import check_gradients, check_jacobian

A = np.random.default_rng(7).normal(size=(6, 5))
POINT = np.random.default_rng(9).normal(size=5)


def verdicts(fun: Callable[[Any], float], grad: Callable[[Any], Any], x: Any) -> set[str]:
    return {check_gradients(fun, grad, x, rng=seed, diagnose=False).verdict.value for seed in range(3)}


def rectified(x: Any) -> float:
    """Kinks in all directions at 0, beside a part that bends."""
    return float(np.maximum(A @ x, 0).sum() - 0.3 * (A @ x) @ (A @ x))


@pytest.mark.parametrize(
    ("share", "expected"), [(0.0, "pass"), (0.5, "pass"), (1.0, "pass"), (1.2, "fail"), (-0.2, "fail")]
)
def test_a_share_of_the_slope_beyond_a_kink_is_valid_between_none_and_all(share: float, expected: str) -> None:
    """Clarke's subdifferential of max(z, 0) at 0 is [0, 1]; the same share in all units is one of its points."""

    def grad(x: Any) -> Any:
        z = A @ x
        return A.T @ ((z > 0) + share * (z == 0) - 0.6 * z)

    assert verdicts(rectified, grad, np.zeros(5)) == {expected}


@pytest.mark.parametrize(("share", "expected"), [(0.0, "pass"), (1.0, "pass"), (1.1, "fail"), (-0.1, "fail")])
def test_the_same_where_the_loss_bends_sharply_beside_the_kink(share: float, expected: str) -> None:
    def fun(x: Any) -> float:
        return float(np.maximum(x, 0).sum() - 50 * (x**2).sum())

    assert verdicts(fun, lambda x: (x > 0) + share * (x == 0) - 100 * x, np.zeros(4)) == {expected}


def first(x: Any) -> Any:
    return np.eye(x.size)[np.argmax(x)]


def shared(x: Any) -> Any:
    return (x == x.max()) / np.sum(x == x.max())


@pytest.mark.parametrize(
    ("grad", "expected"),
    [(first, "pass"), (shared, "pass"), (lambda x: x == x.max(), "fail"), (lambda x: 1.3 * first(x), "fail")],
)
def test_the_subgradients_of_a_maximum_add_up_to_one(grad: Callable[[Any], Any], expected: str) -> None:
    assert verdicts(lambda x: float(x.max()), lambda x: grad(x).astype(float), np.ones(6)) == {expected}


@pytest.mark.parametrize(("length", "expected"), [(0.0, "pass"), (0.5, "pass"), (2.0, "fail")])
def test_the_subgradients_of_a_norm_at_zero_are_no_longer_than_one(length: float, expected: str) -> None:
    def grad(x: Any) -> Any:
        return x / np.linalg.norm(x) if x.any() else length * np.array([0.5, 0.5, 0.5, 0.5])

    found = verdicts(lambda x: float(np.linalg.norm(x)), grad, np.zeros(4))
    assert found <= {expected, "undecided"}
    assert found == {expected} or length == 0.5


@pytest.mark.parametrize(("factor", "expected"), [(1.0, "pass"), (1.1, "fail")])
def test_a_row_that_is_off_is_found_beside_noise_and_a_right_one_is_not(factor: float, expected: str) -> None:
    """The noise is 1e-8 of the outputs, and the row is off by a tenth."""

    def fun(x: Any) -> Any:
        return np.tanh(A @ x) + 1e-8 * np.sin(1e8 * (A @ x) * np.arange(1, 7))

    def jacobian(x: Any) -> Any:
        found = (1 - np.tanh(A @ x) ** 2)[:, None] * A
        found[1] *= factor
        return found

    found = {check_jacobian(fun, jacobian, POINT, rng=seed, diagnose=False).verdict.value for seed in range(4)}
    assert found <= {expected, *(["undecided"] if factor == 1 else [])}


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(("unit", "slope", "verdict"), [(5e4, 1e-11, "undecided"), (1.0, 1.0, "fail")])
def test_a_claim_on_a_kink_is_not_refuted_as_far_away_as_parameters_of_other_units_are_large(
    unit: float, slope: float, verdict: str, seed: int
) -> None:
    """Where the loss has ended the gradient is nonsense; where it is twice the right one close by it is wrong."""

    def loss(p: dict[str, Any]) -> float:
        return float(2.6 + 1e-3 * np.sin(p["b"] / unit).sum() + slope * min(abs(p["a"]), 1.0))

    def gradient(p: dict[str, Any]) -> dict[str, Any]:
        factor = 2.0 if unit == 1.0 else 1.0
        a = factor * slope * np.sign(p["a"]) if abs(p["a"]) < 1.0 else 1e5
        return {"a": np.array(a), "b": 1e-3 * np.cos(p["b"] / unit) / unit}

    point = {"a": np.array(1e-11), "b": unit * np.array([1.1, 0.7])}
    assert check_gradients(loss, gradient, point, rng=seed).verdict.value == verdict
