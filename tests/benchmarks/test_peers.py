"""Other checkers on the same derivatives: the corpora are right where they say so, and the page counts."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from benchmarks.maps import peer_checks
from benchmarks.maps.detection import all_cases
from benchmarks.maps.other_corpora import hessian_cases, in_units, manifold_cases, operator_cases
from benchmarks.maps.peers import Score, Table, adjoint_by_gradcheck, page_of, scores_of


def test_right_adjoints_are_conjugate_transposes_and_wrong_ones_are_not() -> None:
    for case in operator_cases():
        a = case.operator
        matrix = np.stack([a.forward(e) for e in np.eye(a.shape[1], dtype=a.dtype)], axis=1)
        other = np.stack([case.adjoint(e) for e in np.eye(a.shape[0], dtype=a.dtype)], axis=1)
        right = bool(np.allclose(other, matrix.conj().T, atol=1e-9))
        assert right is (not case.planted), (a, case.planted)


def test_right_hessians_are_derivatives_of_the_gradient_and_wrong_ones_are_not() -> None:
    for case in hessian_cases():
        f, h = case.function, 1e-30
        exact = np.stack([f.grad(f.x0 + 1j * h * e).imag / h for e in np.eye(f.inputs)], axis=1)
        right = np.allclose(case.hess(f.x0), exact, rtol=1e-9, atol=1e-9 * np.abs(exact).max())
        assert bool(right) is (not case.planted)


def test_points_lie_on_their_manifolds_and_gradients_are_tangent() -> None:
    for case in manifold_cases():
        x, v = case.x0, case.grad(case.x0)
        np.testing.assert_allclose(case.project(x, v), v, atol=1e-12 * float(np.linalg.norm(v)))
        np.testing.assert_allclose(case.retract(x, 0 * x), x, atol=1e-12)


def test_other_units_change_the_jacobian_as_the_chain_rule_says() -> None:
    case = next(case for case in all_cases(0) if case.map.name.startswith("bard"))
    other = in_units(case, 0)
    h = 1e-30
    exact = np.stack([other.map.fun(other.map.x0 + 1j * h * e).imag / h for e in np.eye(other.map.x0.size)], axis=1)
    np.testing.assert_allclose(other.jac(other.map.x0), exact, rtol=1e-12)


@pytest.mark.parametrize("name", ["scipy.optimize check_derivative", "scipy.optimize approx_derivative and allclose"])
def test_peers_tell_right_from_wrong(name: str) -> None:
    """A sign in every entry, which nobody can miss, and the same map without it."""
    cases: list[Any] = [case for case in all_cases(0) if case.map.name.startswith("beale")]
    right = next(case for case in cases if case.planted is None)
    wrong = next(case for case in cases if case.planted is not None)
    check = peer_checks.JACOBIANS[name]
    assert check(right, 0)
    assert not check(wrong, 0)


def test_scores_and_the_page() -> None:
    score = Score()
    for planted, verdict in (("", "fail"), ("", "pass"), ("sign", "pass"), ("sign", "undecided"), ("sign", "KeyError")):
        score.count(planted, verdict)
    score.count("sign", "below the resolution")
    assert score.passed.pop().startswith("sign (where the report says")
    assert (score.refused, score.passed, score.undecided, score.failures) == (1, ["sign"], 1, ["KeyError"])
    cases = list(operator_cases())[:4]
    table = Table("Adjoints", cases, {"gradcheck": adjoint_by_gradcheck, "gullible": lambda case, seed: True})
    found = scores_of(table, 0)
    assert found["gradcheck"].passed == []
    assert len(found["gullible"].passed) == sum(bool(case.planted) for case in cases)
    assert "| gullible | 0 | 3 | 0 | 0 |" in page_of([table], 0)
