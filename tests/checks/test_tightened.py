"""Loss and gradient with smaller tolerances: where there are any, and all else as it was."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.sparse import linalg

from gradcheck.checks.tightened import tightened_loss
from gradcheck.probes.evaluator import Evaluator
from gradcheck.subjects.convert import as_subject
from tests.cases import Array

A, B = 2.1 * np.eye(30) - np.eye(30, k=1) - np.eye(30, k=-1), np.random.default_rng(0).standard_normal(30)
X = np.linspace(-3.0, 0.0, 30)


def exactly(x: Array) -> float:
    return float(np.sum(np.linalg.solve(A + np.diag(np.exp(x)), B)))


def loosely(x: Array) -> float:
    return float(np.sum(linalg.cg(A + np.diag(np.exp(x)), B, rtol=1e-2)[0]))


def root(square: float, tol: float = 1e-2) -> float:
    found = 1.0
    while abs(found * found - square) > tol:
        found = (found + square / found) / 2
    return found


def by_own_solver(x: Array) -> float:
    return sum(root(float(np.exp(each))) for each in x)


def by_own_loop(x: Array) -> float:
    found = np.ones(30)
    for _ in range(3):
        found = (found + np.exp(x) / found) / 2
    return float(np.sum(linalg.cg(A + np.diag(found), B, rtol=1e-2)[0]))


def squares(x: Array) -> Array:
    return x**2  # no gradient of any of these: what is claimed is only evaluated here


def evaluator_of(fun: Callable[[Array], float], grad: Callable[[Array], Array] = squares) -> Evaluator:
    return Evaluator(as_subject(fun, grad, X), 500)


@pytest.mark.parametrize(
    ("fun", "right", "accuracy"),
    [(loosely, exactly, 1e-4), (by_own_solver, lambda x: float(np.sum(np.exp(x / 2))), 1e-4)],
)
def test_the_loss_is_nearer_to_the_right_one(
    fun: Callable[[Array], float], right: Callable[[Array], float], accuracy: float
) -> None:
    evaluator = evaluator_of(fun)
    found = tightened_loss(evaluator)
    assert found is not None
    before = fun(X)
    assert abs(found.evaluator.loss((X.copy(),)) - right(X)) < accuracy < abs(before - right(X))
    assert fun(X) == before  # as it was


def test_what_is_evaluated_counts() -> None:
    evaluator = evaluator_of(loosely)
    found = tightened_loss(evaluator)
    assert found is not None
    before = evaluator.losses
    found.evaluator.loss((X.copy(),))
    assert evaluator.losses == before + 1


def integral(x: Array) -> float:
    return float(quad(lambda t: np.sin(t * x[0]), 0.0, 1.0)[0])


@pytest.mark.parametrize(("fun", "complete"), [(loosely, True), (integral, True), (by_own_loop, False)])
def test_only_where_all_else_is_exact_does_a_gap_that_stays_prove_something(
    fun: Callable[[Array], float], complete: bool
) -> None:
    found = tightened_loss(evaluator_of(fun))
    assert found is not None
    assert found.complete is complete


def test_a_gradient_that_is_given_cannot_be_computed_again() -> None:
    assert tightened_loss(Evaluator(as_subject(loosely, X, X), 500)) is None
