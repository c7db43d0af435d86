"""A small gap that is spread over all entries is a solver's only where something in the loss is iterated or unknown."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.optimize

import gradcheck

Array = np.ndarray[Any, Any]

RNG = np.random.default_rng(4)
A = RNG.normal(size=(5, 5)) / 4
WEIGHTS = [RNG.normal(size=(4, 4)) / 2 for _ in range(3)]
X = RNG.normal(size=(6, 4))
_TRAPEZOID: Any = getattr(np, "trapezoid", None) or vars(np)["trapz"]


def closed_form(x: Array) -> float:
    return float(np.sum(np.log1p(np.exp(A @ x)) + x**2))


def sum_in_a_loop(x: Array) -> float:
    total = 0.0
    for row in A:
        total += np.tanh(row @ x) ** 2
    return float(total)


def direct_solve(x: Array) -> float:
    u = np.linalg.solve(np.eye(5) + np.diag(x**2), A[0])
    return float(u @ u)


def squashed(a: Array) -> Array:
    return np.tanh(a)


def one_line_each(x: Array) -> float:
    first = squashed(A @ x)
    second = squashed(A.T @ (first * x))
    return float(np.sum(squashed(second + x)))


def fixed_point(x: Array) -> float:
    u = np.zeros(5)
    for _ in range(20):
        u = np.tanh(A @ u + x)
    return float(u @ u)


def until_it_converges(x: Array) -> float:
    root = np.ones(5)
    while np.max(np.abs(root**2 - np.exp(x))) > 1e-3:
        root = root - (root**2 - np.exp(x)) / (2 * root)
    return float(np.sum(root))


def euler(x: Array) -> float:
    u = np.ones(5)
    for _ in range(10):
        u = u + 0.1 * (A @ u - x * u**3)
    return float(u @ u)


def unrolled_by_hand(x: Array) -> float:
    def step(u: Array) -> Array:
        return np.cos(A @ u + x)

    u = step(x)
    u = step(u)
    u = step(u)
    return float(u @ u)


def of_a_library(x: Array) -> float:
    def residual(u: Array) -> Array:
        return np.asarray(u + 0.1 * u**3 - x)

    found = scipy.optimize.root(residual, x, tol=1e-3)
    return float(np.sum(found.x**2))


def by_quadrature(x: Array) -> float:
    nodes = np.linspace(0.0, 1.0, 7)
    return float(np.sum(_TRAPEZOID(np.exp(np.outer(x, nodes)), nodes)))


def in_float32(x: Array) -> float:
    return float(np.sum(np.sinh(x.astype(np.float32)).astype(np.float64) ** 2))


def slightly_off(fun: Callable[[Array], float]) -> Callable[[Array], Array]:
    """The gradient by differences, each entry off by up to 1%, differently at each point."""

    def grad(x: Array) -> Array:
        h = 1e-4
        moves = h * np.eye(len(x))
        slopes = np.array([(8 * (fun(x + e) - fun(x - e)) - fun(x + 2 * e) + fun(x - 2 * e)) / (12 * h) for e in moves])
        return slopes * (1 + 0.01 * np.cos(50 * x + np.arange(len(x))))

    return grad


@pytest.mark.parametrize("diagnose", [True, False])
@pytest.mark.parametrize("fun", [closed_form, sum_in_a_loop, direct_solve, one_line_each])
def test_a_loss_without_a_solver_is_exact(fun: Callable[[Array], float], diagnose: bool) -> None:
    x = np.array([0.6, -0.8, 1.1, 0.5, -0.4])
    report = gradcheck.check_gradients(fun, slightly_off(fun), x, rng=0, diagnose=diagnose)
    assert report.verdict is gradcheck.Verdict.FAIL
    assert "GC506" not in [finding.code for finding in report.findings]


@pytest.mark.parametrize("diagnose", [True, False])
@pytest.mark.parametrize("fun", [fixed_point, until_it_converges, euler, unrolled_by_hand, by_quadrature, in_float32])
def test_a_loss_with_a_solver_is_not(fun: Callable[[Array], float], diagnose: bool) -> None:
    x = np.array([0.6, -0.8, 1.1, 0.5, -0.4])
    report = gradcheck.check_gradients(fun, slightly_off(fun), x, rng=0, diagnose=diagnose)
    assert report.verdict is gradcheck.Verdict.UNDECIDED


@pytest.mark.parametrize("diagnose", [True, False])
def test_a_solver_whose_tolerance_is_known_explains_no_gap_that_outlasts_it(diagnose: bool) -> None:
    x = np.array([0.6, -0.8, 1.1, 0.5, -0.4])
    report = gradcheck.check_gradients(of_a_library, slightly_off(of_a_library), x, rng=0, diagnose=diagnose)
    assert report.verdict is gradcheck.Verdict.FAIL


class Deep:
    """Each layer has a matrix of its own; or all have the same, as in a recurrent network."""

    def __init__(self, shared: bool) -> None:
        self.shared = shared
        self.params = {"W": WEIGHTS[0].copy()} if shared else {f"W{i}": w.copy() for i, w in enumerate(WEIGHTS)}

    def matrices(self) -> list[Array]:
        return [self.params["W"]] * 3 if self.shared else list(self.params.values())

    def loss(self, x: Array) -> float:
        for w in self.matrices():
            x = np.tanh(x @ w)
        return float(0.5 * np.sum(x**2))

    def gradient(self, x: Array) -> dict[str, Array]:
        xs = [x]
        for w in self.matrices():
            xs.append(np.tanh(xs[-1] @ w))
        g, out = xs[-1], {name: np.zeros_like(w) for name, w in self.params.items()}
        for i in (2, 1, 0):
            g = g * (1 - xs[i + 1] ** 2)
            out["W" if self.shared else f"W{i}"] += xs[i].T @ g
            g = g @ self.matrices()[i].T
        return {name: value * (1 + 0.01 * np.cos(50 * self.params[name])) for name, value in out.items()}


@pytest.mark.parametrize(("shared", "verdict"), [(False, "fail"), (True, "undecided")])
def test_layers_with_their_own_parameters_are_no_iterations(shared: bool, verdict: str) -> None:
    assert gradcheck.check_gradients(Deep(shared), batch=(X,), rng=0).verdict.value == verdict
