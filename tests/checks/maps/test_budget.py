"""The budget bounds the calls of the user's function, in every check of a map and whatever the map is like."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gradcheck
from gradcheck import SubjectError

A = np.random.default_rng(0).normal(size=(7, 5))
X = np.random.default_rng(1).normal(size=5)
SPHERE = X[:4] / np.linalg.norm(X[:4])

BUDGETS = (20, 27, 34, 48, 64, 90, 150, 250)


class Counted:
    """A function and how often it was called."""

    def __init__(self, function: Callable[[Any], Any]) -> None:
        self.function, self.calls = function, 0

    def __call__(self, x: Any) -> Any:
        self.calls += 1
        return self.function(x)


def smooth(x: Any) -> Any:
    return np.tanh(A @ x)


def noisy(x: Any) -> Any:
    return smooth(x) + 1e-5 * np.sin(1e9 * (A @ x))


def rounded(x: Any) -> Any:
    return np.round(smooth(x), 6)


def narrow(x: Any) -> Any:
    return np.tanh(A.astype(np.float32) @ x.astype(np.float32))


def jacobian(x: Any, factor: float = 1.0) -> Any:
    return factor * (1 - smooth(x) ** 2)[:, None] * A


CHECKS: dict[str, Callable[..., Any]] = {
    "jacobian": lambda fun, k, **options: gradcheck.check_jacobian(fun, lambda x: jacobian(x, k), X, **options),
    "entries": lambda fun, k, **o: gradcheck.check_jacobian(fun, lambda x: jacobian(x, k), X, entries=True, **o),
    "vjp": lambda fun, k, **options: gradcheck.check_vjp(fun, lambda x, u: jacobian(x, k).T @ u, X, **options),
    "jvp": lambda fun, k, **options: gradcheck.check_jvp(fun, lambda x, v: jacobian(x, k) @ v, X, **options),
}


@pytest.mark.parametrize("check", CHECKS)
@pytest.mark.parametrize("fun", [smooth, noisy, rounded, narrow])
@pytest.mark.parametrize("factor", [1.0, 2.0])
def test_no_check_takes_more_than_its_budget(check: str, fun: Callable[[Any], Any], factor: float) -> None:
    for budget in BUDGETS:
        counted = Counted(fun)
        report = CHECKS[check](counted, factor, rng=budget, budget=budget)
        assert report.evaluations == counted.calls <= budget
        assert report.verdict.value != ("fail" if factor == 1.0 else "pass")


@pytest.mark.parametrize("check", ["jacobian", "vjp", "jvp"])
def test_a_larger_budget_does_not_take_a_conviction_back(check: str) -> None:
    found = [CHECKS[check](smooth, 2.0, rng=3, budget=budget).verdict.value for budget in range(40, 400, 40)]
    first = found.index("fail")
    assert first < len(found) / 2
    assert set(found[first:]) == {"fail"}


def test_a_sum_that_is_off_is_no_conviction_where_no_output_could_be_examined() -> None:
    """Each entry is right to within the tolerance; in sums of outputs the errors are seen."""
    x = np.array([0.3])

    def fun(x: Any) -> Any:
        return np.array([np.sin(x[0]), -np.sin(x[0]) + 1e-6 * x[0]])

    def almost(x: Any) -> Any:
        return np.array([[np.cos(x[0])], [-np.cos(x[0]) + 1.02e-6]])

    for budget in (*BUDGETS, 2000):
        assert gradcheck.check_jacobian(fun, almost, x, rng=0, budget=budget).verdict.value != "fail", budget


def loss(x: Any) -> float:
    return float(np.sum(np.log(np.cosh(A @ x))))


def gradient(x: Any) -> Any:
    return A.T @ np.tanh(A @ x)


@pytest.mark.parametrize("factor", [1.0, 2.0])
@pytest.mark.parametrize("budget", [40, 55, 80, 150, 400])
def test_a_hessian_shares_its_budget_with_the_gradient(factor: float, budget: int) -> None:
    fun, grad = Counted(loss), Counted(gradient)

    def hessian(x: Any) -> Any:
        return factor * A.T @ ((1 - np.tanh(A @ x) ** 2)[:, None] * A)

    report = gradcheck.check_hessian(fun, grad, hessian, X, rng=1, budget=budget)
    assert report.evaluations <= budget
    assert fun.calls <= budget / 2
    assert report.verdict.value != ("fail" if factor == 1.0 else "pass")
    if budget >= 400:
        assert report.verdict.value == ("pass" if factor == 1.0 else "fail")


def test_a_budget_that_is_too_small_for_both_is_refused() -> None:
    with pytest.raises(SubjectError, match=r"the gradient and the Hessian share it: pass budget=40 or more"):
        gradcheck.check_hessian(loss, gradient, lambda x: A.T @ A, X, budget=39)


def on_sphere(x: Any, v: Any) -> Any:
    return (x + v) / np.linalg.norm(x + v)


def tangent(x: Any, v: Any) -> Any:
    return v - x * (x @ v)


S = A[:4, :4] + A[:4, :4].T


@pytest.mark.parametrize("factor", [1.0, 2.0])
@pytest.mark.parametrize("budget", [100, 130, 200, 500])
def test_checks_on_a_manifold_share_it_among_their_points(factor: float, budget: int) -> None:
    options: dict[str, Any] = {"retract": on_sphere, "project": tangent, "rng": 2, "budget": budget}
    fun = Counted(lambda x: float(0.5 * x @ S @ x))
    report = gradcheck.check_gradients(fun, lambda x: factor * tangent(x, S @ x), SPHERE, **options)
    assert report.evaluations <= budget
    assert fun.calls <= budget
    assert report.verdict.value == ("pass" if factor == 1.0 else "fail")
    of_map = Counted(lambda x: S @ x**2)
    report = gradcheck.check_jacobian(of_map, lambda x: factor * 2 * S * x, SPHERE, **options)
    assert of_map.calls <= budget
    assert report.verdict.value != ("fail" if factor == 1.0 else "pass")
    grad = Counted(lambda x: S @ x)
    report = gradcheck.check_hessian(None, grad, lambda x: factor * S, SPHERE, **options)
    assert report.evaluations <= budget
    assert report.verdict.value != ("fail" if factor == 1.0 else "pass")
