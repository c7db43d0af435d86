"""`check_hessian`: the gradient first, then the Hessian, in every form; names of what goes wrong in Hessians."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.sparse
from scipy.optimize import rosen, rosen_der, rosen_hess, rosen_hess_prod
from scipy.sparse.linalg import aslinearoperator

import gradcheck
from gradcheck import check_hessian
from gradcheck.errors import SubjectError, SubjectTypeError
from tests.checks.maps.maps import slugs, wrong

POINT = np.array([1.3, 0.7, 0.8, 1.9, 1.2])


def off_diagonal(factor: float) -> Callable[[Any], Any]:
    def hessian(x: Any) -> Any:
        h = rosen_hess(x)
        diagonal = np.diag(np.diag(h))
        return diagonal + factor * (h - diagonal)

    return hessian


def full(x: Any) -> float:
    """A function all of whose mixed derivatives differ from zero."""
    return float(np.sin(x).sum() ** 2)


def full_grad(x: Any) -> Any:
    return 2 * np.sin(x).sum() * np.cos(x)


def full_hess(x: Any) -> Any:
    return 2 * np.outer(np.cos(x), np.cos(x)) - 2 * np.sin(x).sum() * np.diag(np.sin(x))


def without_block(x: Any) -> Any:
    h = full_hess(x)
    h[:2, 2:] = h[2:, :2] = 0
    return h


@pytest.mark.parametrize(
    "hess",
    [
        rosen_hess,
        rosen_hess(POINT),
        lambda x: scipy.sparse.csr_array(rosen_hess(x)),
        lambda x: aslinearoperator(rosen_hess(x)),
    ],
    ids=["function", "array", "sparse", "operator"],
)
def test_a_right_hessian_passes_in_every_form(hess: Any) -> None:
    report = check_hessian(rosen, rosen_der, hess, POINT, rng=0)
    assert report.verdict.value == "pass"
    assert list(report.blocks) == ["grad x", "x"]
    assert report.evaluations <= 2 * 54


def test_products() -> None:
    assert check_hessian(rosen, rosen_der, None, POINT, hessp=rosen_hess_prod, rng=0).verdict.value == "pass"
    assert check_hessian(rosen, rosen_der, x0=POINT, hessp=rosen_hess_prod, rng=0).verdict.value == "pass"
    report = check_hessian(rosen, rosen_der, None, POINT, hessp=lambda x, v: 2 * rosen_hess_prod(x, v), rng=0)
    assert slugs(report) == ["constant-factor"]
    report = check_hessian(rosen, rosen_der, None, POINT, hessp=lambda x, v: np.triu(rosen_hess(x)) @ v, rng=0)
    assert "asymmetric-hessian" in slugs(report)


@pytest.mark.parametrize(
    ("grad", "hess", "slug"),
    [
        (rosen_der, lambda x: np.triu(rosen_hess(x)), "asymmetric-hessian"),
        (rosen_der, off_diagonal(0.5), "constant-factor"),
        (rosen_der, off_diagonal(-1.0), "sign-flipped"),
        (rosen_der, lambda x: -rosen_hess(x), "sign-flipped"),
    ],
)
def test_mistakes_of_hessians(grad: Any, hess: Any, slug: str) -> None:
    report = check_hessian(rosen, grad, hess, POINT, rng=0)
    assert report.verdict.value == "fail"
    assert report.blocks["grad x"].passes
    assert slugs(report)[0] == slug, str(report)


def test_a_block_of_zeros_is_named_with_its_rows_and_columns() -> None:
    report = check_hessian(full, full_grad, without_block, POINT, rng=0)
    assert slugs(report) == ["missing-block"]
    assert report.findings[0].where == "x, rows 0, 1, columns 2 to 4"
    assert set(wrong(report)) == {(i, j) for i in range(5) for j in range(5) if (i < 2) != (j < 2)}


def test_a_wrong_gradient_is_not_blamed_on_the_hessian() -> None:
    report = check_hessian(rosen, lambda x: 2 * rosen_der(x), rosen_hess, POINT, rng=0)
    assert report.verdict.value == "fail"
    assert report.blocks["grad x"].verdict.value == "fail"
    assert report.blocks["x"].verdict.value == "undecided"
    assert report.findings[0].where == "grad x"


def test_without_a_function_the_gradient_is_taken_as_right() -> None:
    report = check_hessian(None, rosen_der, rosen_hess, POINT, rng=0)
    assert list(report.blocks) == ["x"]
    assert report.verdict.value == "pass"


def test_a_function_that_returns_its_gradient() -> None:
    report = check_hessian(lambda x: (rosen(x), rosen_der(x)), True, rosen_hess, POINT, rng=0)
    assert report.verdict.value == "pass"


def test_blocks_of_nested_parameters() -> None:
    x0 = {"a": np.array([1.0, 2.0]), "b": np.array(0.5)}

    def fun(p: Any) -> Any:
        return p["b"] ** 2 * (p["a"] @ p["a"])

    def grad(p: Any) -> Any:
        return {"a": 2 * p["b"] ** 2 * p["a"], "b": 2 * p["b"] * (p["a"] @ p["a"])}

    def hess(p: Any, mixed: float = 1.0) -> Any:
        cross = 4 * p["b"] * p["a"]
        return {
            "a": {"a": 2 * p["b"] ** 2 * np.eye(2), "b": mixed * cross},
            "b": {"a": cross, "b": 2 * (p["a"] @ p["a"])},
        }

    report = check_hessian(fun, grad, hess, x0, rng=0)
    assert report.verdict.value == "pass"
    assert list(report.blocks) == ["grad a", "grad b", "(a, a)", "(a, b)", "(b, a)", "(b, b)"]
    report = check_hessian(fun, grad, lambda p: hess(p, 0.0), x0, rng=0)
    assert [name for name, block in report.blocks.items() if not block.passes] == ["(a, b)"]
    assert "missing-block" in slugs(report)


def test_wrong_arguments_are_refused() -> None:
    with pytest.raises(SubjectTypeError, match="missing x0"):
        check_hessian(rosen, rosen_der, rosen_hess)
    with pytest.raises(SubjectTypeError, match="pass either hess"):
        check_hessian(rosen, rosen_der, None, POINT)
    with pytest.raises(SubjectTypeError, match="grad is True, but fun is None"):
        check_hessian(None, True, rosen_hess, POINT)
    with pytest.raises(SubjectError, match="a gradient has one for each"):
        check_hessian(None, lambda x: x[:2], lambda x: np.eye(5), POINT)


def test_assert_hessian() -> None:
    assert gradcheck.assert_hessian(rosen, rosen_der, rosen_hess, POINT, rng=0)
    with pytest.raises(gradcheck.GradientMismatch, match="asymmetric-hessian"):
        gradcheck.assert_hessian(rosen, rosen_der, lambda x: np.tril(rosen_hess(x)), POINT, rng=0)
