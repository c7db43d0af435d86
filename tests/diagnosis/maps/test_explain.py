"""Names of wrong Jacobians: each for what it is about, and for nothing near it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.sparse

from gradcheck import check_adjoint, check_hessian, check_jacobian
from tests.checks.maps.maps import slugs

SIZE = 6
MATRIX = np.random.default_rng(0).normal(size=(SIZE, SIZE))
POINT = np.random.default_rng(1).normal(size=SIZE)


def fun(x: Any) -> Any:
    return np.tanh(MATRIX @ x)


def jacobian(x: Any) -> Any:
    return (1 - np.tanh(MATRIX @ x) ** 2)[:, None] * MATRIX


def named(change: Callable[[Any], Any]) -> list[str]:
    """Names of what a changed Jacobian is found to be."""
    return slugs(check_jacobian(fun, lambda x: change(jacobian(x).copy()), POINT, rng=0))


def put(j: Any, place: Any, value: Any) -> Any:
    j[place] = value
    return j


def test_a_factor_that_is_constant_at_one_point_alone_is_not_named() -> None:
    """Twice the Jacobian at the point, and another multiple elsewhere."""
    report = check_jacobian(fun, lambda x: (1 + x[0] / POINT[0]) * jacobian(x), POINT, rng=0)
    assert report.verdict.value == "fail"
    assert slugs(report) == ["unexplained"]


def test_transposed_and_a_symmetric_jacobian() -> None:
    assert named(lambda j: j.T) == ["transposed"]
    symmetric = MATRIX + MATRIX.T
    assert check_jacobian(lambda x: symmetric @ x, symmetric.T, POINT, rng=0).verdict.value == "pass"


def test_zeros_in_a_rectangle_and_single_zeros() -> None:
    assert named(lambda j: put(j, np.ix_([0, 1], [3, 4, 5]), 0)) == ["missing-block"]
    assert named(lambda j: put(j, (2, 3), 0)) == ["isolated-entries"]
    assert named(lambda j: put(j, (slice(None), 3), 0)) == ["zero-gradient"]


def test_zeros_that_are_right_are_not_a_missing_block() -> None:
    report = check_jacobian(lambda x: x**2, lambda x: np.diag(2 * x), POINT, rng=0)
    assert report.verdict.value == "pass"


def test_a_triangle_of_a_jacobian_is_no_hessian() -> None:
    assert "asymmetric-hessian" not in named(np.triu)


def test_a_triangle_of_a_hessian() -> None:
    def gradient(x: Any) -> Any:
        return 2 * np.sin(x).sum() * np.cos(x)

    def hessian(x: Any) -> Any:
        return 2 * np.outer(np.cos(x), np.cos(x)) - 2 * np.sin(x).sum() * np.diag(np.sin(x))

    for wrong in (np.triu, np.tril, lambda h: h + np.tril(h, -1)):
        report = check_hessian(None, gradient, lambda x, wrong=wrong: wrong(hessian(x)), POINT, rng=0)
        assert slugs(report) == ["asymmetric-hessian"], str(report)
    report = check_hessian(None, gradient, lambda x: 2 * hessian(x), POINT, rng=0)
    assert slugs(report) == ["constant-factor"]


def test_a_wrong_value_in_a_sparse_matrix_is_no_wrong_pattern() -> None:
    def sparse(x: Any, *, absent: bool) -> Any:
        j = jacobian(x)
        j[2, 3] = 0.0 if absent else 5.0
        return scipy.sparse.csr_array(j)

    assert slugs(check_jacobian(fun, lambda x: sparse(x, absent=True), POINT, rng=0)) == ["wrong-sparsity"]
    assert slugs(check_jacobian(fun, lambda x: sparse(x, absent=False), POINT, rng=0)) == ["isolated-entries"]


def test_conjugates_and_other_wrong_imaginary_parts() -> None:
    matrix, zeros = MATRIX + 1j * MATRIX[::-1], np.zeros(SIZE, complex)
    names = {
        "transpose": slugs(check_adjoint(lambda x: matrix @ x, lambda y: matrix.T @ y, zeros, zeros, rng=0)),
        "conjugate": slugs(check_adjoint(lambda x: matrix @ x, lambda y: matrix.conj() @ y, zeros, zeros, rng=0)),
        "real part": slugs(check_adjoint(lambda x: matrix @ x, lambda y: matrix.real.T @ y, zeros, zeros, rng=0)),
    }
    assert names["transpose"] == ["not-conjugated", "not-adjoint"]
    assert names["conjugate"] == ["transposed", "not-adjoint"]
    assert names["real part"] == ["not-adjoint"]


@pytest.mark.parametrize("order", [[1, 2, 0, 3, 4, 5], [2, 0, 1, 4, 3, 5]])
def test_rows_in_another_order(order: list[int]) -> None:
    assert named(lambda j: j[order])[0] in ("swapped-blocks", "shifted")


def test_a_wrong_output_at_a_generic_point_alone() -> None:
    """The squares of zeros: a factor in their Jacobian does not show at the point."""
    report = check_jacobian(lambda x: x**2, lambda x: np.diag(x), np.zeros(SIZE), rng=0)
    assert slugs(report) == ["constant-factor"]
    assert "at a generic point nearby" in report.findings[0].message
