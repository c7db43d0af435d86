"""The tolerances of a call are found by their names, and made smaller; nothing else of a call is changed."""

from __future__ import annotations

import types
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.linalg
from scipy import integrate, optimize
from scipy.sparse import linalg

from gradcheck.recording.tolerances import may_stop, tightened_call, tolerances_of

A, B = np.diag([1.0, 2.0, 5.0]) + 0.3, np.array([1.0, -2.0, 0.5])


def own_solver(f: Callable[[float], float], x: float, tol: float = 1e-4, steps: int = 50) -> float:
    for _ in range(steps):
        new = f(x)
        if abs(new - x) <= tol:
            return new
        x = new
    return x


def decay(t: float, y: Any) -> Any:
    return -y


@pytest.mark.parametrize(
    ("function", "args", "kwargs", "expected"),
    [
        (linalg.cg, (A, B), {}, {"rtol": 1e-5}),
        (linalg.cg, (A, B), {"rtol": 1e-3, "atol": 1e-4}, {"rtol": 1e-3, "atol": 1e-4}),
        (linalg.lsqr, (A, B), {}, {"atol": 1e-6, "btol": 1e-6}),
        (linalg.eigsh, (A,), {"k": 1}, {}),  # zero: to rounding
        (integrate.solve_ivp, (decay, (0, 1), [1.0]), {}, {"rtol": 1e-3, "atol": 1e-6}),
        (integrate.solve_ivp, (decay, (0, 1), [1.0]), {"rtol": 1e-8}, {"rtol": 1e-8, "atol": 1e-6}),
        (integrate.quad, (np.exp, 0, 1), {}, {"epsabs": 1.49e-8, "epsrel": 1.49e-8}),
        (optimize.brentq, (np.sin, 2, 4), {"xtol": 1e-5}, {"xtol": 1e-5}),
        (own_solver, (np.cos, 1.0, 1e-3), {}, {"tol": 1e-3}),
        (own_solver, (np.cos, 1.0), {"tol": 0.5}, {}),  # no tolerance that a solver stops at
        (own_solver, (), {}, {}),  # raises by itself
    ],
)
def test_the_tolerances_of_a_call(
    function: Any, args: tuple[Any, ...], kwargs: dict[str, Any], expected: dict[str, float]
) -> None:
    found = tolerances_of(function, args, kwargs)
    assert found == pytest.approx(expected)


@pytest.mark.parametrize("function", [np.linalg.pinv, scipy.linalg.pinv, np.isclose, np.linalg.matrix_rank, sum])
def test_what_is_exact_to_rounding_has_a_threshold_and_no_tolerance(function: Any) -> None:
    assert tolerances_of(function, (A,), {"rtol": 1e-3}) == {}


def test_a_tolerance_is_made_smaller_where_it_stands() -> None:
    assert tightened_call(own_solver, (np.cos, 1.0, 1e-3, 7), {}, 1e-3) == ((np.cos, 1.0, pytest.approx(1e-6), 7), {})
    args, kwargs = tightened_call(own_solver, (np.cos, 1.0), {"steps": 7}, 1e-3)
    assert (args, kwargs) == ((np.cos, 1.0), {"steps": 7, "tol": pytest.approx(1e-7)})


def test_no_tolerance_is_made_smaller_than_rounding_allows() -> None:
    assert tightened_call(own_solver, (np.cos, 1.0), {"tol": 1e-9}, 1e-3)[1]["tol"] == pytest.approx(1e-10)
    assert tightened_call(own_solver, (np.cos, 1.0), {"tol": 1e-12}, 1e-3)[1] == {"tol": 1e-12}


def with_solver(x: Any) -> float:
    return float(np.sum(linalg.cg(A + np.diag(x), B)[0]))


def with_local_import(x: Any) -> float:
    from scipy.integrate import quad

    return float(quad(lambda t: np.exp(t * x[0]), 0, 1)[0])


def in_closed_form(x: Any) -> float:
    return float(np.sum(np.linalg.solve(A + np.diag(x), B)))


def test_functions_that_name_a_solver_may_stop() -> None:
    solve = linalg.gmres

    def with_closure(x: Any) -> float:
        return float(solve(A, x)[0].sum())

    for function in (with_solver, with_local_import, with_closure):
        assert may_stop([function])
    assert not may_stop([in_closed_form])


def test_a_type_of_functions_has_no_code_of_its_own() -> None:
    def with_a_type(x: Any) -> float:
        return float(isinstance(x, types.FunctionType))

    def with_a_type_and_a_solver(x: Any) -> float:
        return 0.0 if isinstance(x, types.FunctionType) else float(linalg.cg(A, x)[0].sum())

    assert not may_stop([with_a_type])
    assert may_stop([with_a_type_and_a_solver])
