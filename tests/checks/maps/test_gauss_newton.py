"""JᵀJ in the place of a Hessian is named where residuals are given, and nothing else is."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import gradcheck
from gradcheck import check_hessian
from gradcheck.errors import SubjectTypeError
from tests.checks.maps.maps import slugs

T = np.linspace(0, 2, 11)
Y = np.exp(-T) + np.cos(5 * T) / 4
POINT = np.array([1.2, 0.7, -0.3])


def residuals(x: Any, factor: float = 1.0) -> Any:
    return x[0] * np.exp(-x[1] * T) + np.sin(x[2] * T) - Y


def jacobian(x: Any) -> Any:
    e = np.exp(-x[1] * T)
    return np.stack([e, -x[0] * T * e, T * np.cos(x[2] * T)], axis=1)


def curvature(x: Any) -> Any:
    """Σ rᵢ ∇²rᵢ."""
    e, r = np.exp(-x[1] * T), residuals(x)
    mixed = r @ (-T * e)
    found = np.diag([0.0, r @ (x[0] * T**2 * e), r @ (-(T**2) * np.sin(x[2] * T))])
    found[0, 1] = found[1, 0] = mixed
    return found


def fun(x: Any, factor: float = 1.0) -> float:
    return float(factor * residuals(x) @ residuals(x) / 2)


def grad(x: Any, factor: float = 1.0) -> Any:
    return factor * jacobian(x).T @ residuals(x)


def outer(x: Any, factor: float = 1.0) -> Any:
    return factor * jacobian(x).T @ jacobian(x)


def hess(x: Any, factor: float = 1.0) -> Any:
    return outer(x, factor) + factor * curvature(x)


def test_the_right_hessian_passes() -> None:
    report = check_hessian(fun, grad, hess, POINT, residuals=residuals, rng=0)
    assert report.verdict.value == "pass"
    assert report.findings == ()


@pytest.mark.parametrize("factor", [1.0, 2.0, 1 / 11])
def test_the_gauss_newton_matrix_is_named(factor: float) -> None:
    report = check_hessian(fun, grad, outer, POINT, residuals=residuals, args=(factor,), rng=0)
    assert report.verdict.value == "fail"
    assert report.findings[0].slug == "gauss-newton"
    shown = {1.0: "matrix JᵀJ", 2.0: "matrix 2 JᵀJ", 1 / 11: "matrix 0.09090909 JᵀJ"}[factor]
    assert shown[:15] in report.findings[0].message
    assert "not the Hessian" in report.findings[0].message


def test_so_it_is_as_a_product_and_for_nested_parameters() -> None:
    report = check_hessian(fun, grad, x0=POINT, hessp=lambda x, v: outer(x) @ v, residuals=residuals, rng=0)
    assert report.findings[0].slug == "gauss-newton"

    def flat(p: Any) -> Any:
        return np.concatenate([p["a"], p["b"]])

    def parted(g: Any) -> Any:
        return {"a": g[:2], "b": g[2:]}

    report = check_hessian(
        lambda p: fun(flat(p)),
        lambda p: parted(grad(flat(p))),
        x0=parted(POINT),
        hessp=lambda p, v: parted(outer(flat(p)) @ flat(v)),
        residuals=lambda p: residuals(flat(p)),
        rng=0,
    )
    assert "gauss-newton" in slugs(report)


def test_a_factor_of_it_is_said() -> None:
    report = check_hessian(fun, grad, lambda x: outer(x) / 2, POINT, residuals=residuals, rng=0)
    assert report.findings[0].message.startswith("the claim is 0.5 times the Gauss–Newton matrix JᵀJ")


def test_near_a_good_fit_it_is_named_as_well() -> None:
    """A small gap that is spread over all entries might be that of a solver, were it not for the residuals."""
    small = T, np.exp(-0.7 * T) * 1.2 + 5e-3 * np.cos(5 * T)

    def near(x: Any) -> Any:
        return x[0] * np.exp(-x[1] * small[0]) - small[1]

    def jac(x: Any) -> Any:
        return jacobian(np.array([*x, 0.0]))[:, :2]

    arguments = (lambda x: float(near(x) @ near(x) / 2), lambda x: jac(x).T @ near(x), lambda x: jac(x).T @ jac(x))
    assert check_hessian(*arguments, POINT[:2], rng=0).verdict.value == "undecided"
    report = check_hessian(*arguments, POINT[:2], residuals=near, rng=0)
    assert report.verdict.value == "fail"
    assert report.findings[0].slug == "gauss-newton"


@pytest.mark.parametrize(
    "wrong",
    [
        lambda x: -hess(x),
        lambda x: 2 * hess(x),
        lambda x: outer(x) + curvature(x) / 2,
        lambda x: outer(x) - curvature(x),
        lambda x: outer(x) + 1e-3 * np.eye(3),
        lambda x: np.triu(outer(x)),
    ],
    ids=["sign", "factor", "half of the curvature", "its sign", "damped", "one triangle"],
)
def test_other_mistakes_are_not_called_that(wrong: Any) -> None:
    report = check_hessian(fun, grad, wrong, POINT, residuals=residuals, rng=0)
    assert report.verdict.value == "fail"
    assert "gauss-newton" not in slugs(report)


def test_of_linear_residuals_it_is_the_hessian_and_half_of_it_is_a_factor() -> None:
    matrix = jacobian(POINT)
    options: dict[str, Any] = {"residuals": lambda x: matrix @ x - Y, "rng": 0}

    def value(x: Any) -> float:
        return float((matrix @ x - Y) @ (matrix @ x - Y) / 2)

    def gradient(x: Any) -> Any:
        return matrix.T @ (matrix @ x - Y)

    assert check_hessian(value, gradient, lambda x: matrix.T @ matrix, POINT, **options).verdict.value == "pass"
    report = check_hessian(value, gradient, lambda x: matrix.T @ matrix / 2, POINT, **options)
    assert slugs(report) == ["constant-factor"]


def test_residuals_of_another_function_are_no_evidence() -> None:
    report = check_hessian(fun, grad, outer, POINT, residuals=lambda x: residuals(x) + x[1] ** 2, rng=0)
    assert "gauss-newton" not in slugs(report)
    assert any(note.startswith("residuals= do not belong to the function") for note in report.notes)
    report = check_hessian(fun, grad, outer, POINT, residuals=lambda x: np.sqrt(x - 1), rng=0)
    assert any("could not be compared" in note for note in report.notes)
    with pytest.raises(SubjectTypeError, match="residuals is a list"):
        check_hessian(fun, grad, outer, POINT, residuals=[1.0])  # type: ignore[arg-type]


# -- likelihoods: Poisson counts whose mean is the exponential of a curve ----------------------------------------------

COUNTS = np.array([3, 1, 2, 0, 1, 4, 1, 0, 2, 1, 5.0])


def predictor(x: Any) -> Any:
    return x[0] * np.exp(-x[1] * T) + np.sin(x[2] * T)


def terms(x: Any) -> Any:
    eta = predictor(x)
    return np.exp(eta) - COUNTS * eta


def likelihood_grad(x: Any) -> Any:
    return jacobian(x).T @ (np.exp(predictor(x)) - COUNTS)


def test_the_outer_product_of_gradients_is_named() -> None:
    def scores(x: Any) -> Any:
        return jacobian(x) * (np.exp(predictor(x)) - COUNTS)[:, None]

    def opg(x: Any) -> Any:
        return scores(x).T @ scores(x)

    report = check_hessian(lambda x: float(terms(x).sum()), likelihood_grad, opg, POINT, residuals=terms, rng=0)
    assert report.findings[0].slug == "gauss-newton"
    assert "the outer product of gradients JᵀJ of the terms" in report.findings[0].message


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("indefinite", [True, False])
def test_without_residuals_only_what_is_known_is_said(indefinite: bool, sign: int) -> None:
    """Expected information: JᵀWJ. Where the Hessian has a negative eigenvalue, that is noted; else nothing is."""

    def information(x: Any) -> Any:
        return jacobian(x).T @ (np.exp(predictor(x))[:, None] * jacobian(x))

    x0 = POINT if indefinite else np.array([1.0, 0.5, 0.3])
    weights = np.exp(predictor(x0)) - COUNTS
    e = np.exp(-x0[1] * T)
    observed = information(x0) + np.diag([0, weights @ (x0[0] * T**2 * e), weights @ (-(T**2) * np.sin(x0[2] * T))])
    observed[0, 1] += weights @ (-T * e)
    observed[1, 0] = observed[0, 1]
    assert (np.linalg.eigvalsh(observed)[0] < 0) is np.bool_(indefinite)
    report = check_hessian(
        lambda x: float(sign * terms(x).sum()),
        lambda x: sign * likelihood_grad(x),
        lambda x: sign * information(x),
        x0,
        rng=0,
    )
    assert report.verdict.value != "pass"
    assert "gauss-newton" not in slugs(report)
    word = "positive" if sign > 0 else "negative"
    assert any(f"{word} semidefinite" in note for note in report.notes) is indefinite


def test_no_note_on_a_claim_that_is_not_semidefinite() -> None:
    report = check_hessian(fun, grad, lambda x: hess(x) * 1.5, POINT, rng=0)
    assert not any("semidefinite" in note for note in report.notes)
    assert gradcheck.check_hessian(fun, grad, hess, POINT, rng=0).notes == ()
