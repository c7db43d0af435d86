"""Derivatives of maps on manifolds: formulas from Absil, Mahony and Sepulchre (2008), right and wrong."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.sparse
from scipy.spatial.transform import Rotation

import gradcheck
from gradcheck.errors import SubjectError, SubjectTypeError

RNG = np.random.default_rng(3)

A = np.array([[3.0, 0.5, -0.2, 0.1], [0.5, 1.0, 0.7, 0.0], [-0.2, 0.7, -2.0, 0.4], [0.1, 0.0, 0.4, 0.6]])
ON_SPHERE = np.array([0.7, -0.1, 0.1, 0.7])


def normalised(x: Any, v: Any) -> Any:
    return (x + v) / np.linalg.norm(x + v)


def tangent(x: Any, v: Any) -> Any:
    return v - x * (x @ v)


SPHERE: dict[str, Any] = {"retract": normalised, "project": tangent}

# -- rotations: residuals of a registration ---------------------------------------------------------------------------

POINTS = RNG.normal(size=(5, 3))
TARGETS = RNG.normal(size=(5, 3))
ROTATION = Rotation.from_rotvec([0.3, -0.5, 0.9]).as_matrix()


def rotated(r: Any, v: Any) -> Any:
    """The exponential map, from the skew part of Rᵀ V."""
    s = r.T @ v
    s = (s - s.T) / 2
    return r @ Rotation.from_rotvec([s[2, 1], s[0, 2], s[1, 0]]).as_matrix()


def skew(r: Any, v: Any) -> Any:
    return (v - r @ v.T @ r) / 2


ROTATIONS: dict[str, Any] = {"retract": rotated, "project": skew}


def registration(r: Any) -> Any:
    """Residuals, and an error where `r` is not a rotation: nothing around the manifold is evaluated."""
    if np.abs(r @ r.T - np.eye(3)).max() > 1e-9:
        raise ValueError("not a rotation")
    return np.sin(POINTS @ r.T - TARGETS)


def registration_jac(r: Any) -> Any:
    """∂ sin(r p - q)_ia / ∂ r_bc = cos(...)_ia δ_ab p_ic."""
    slopes = np.cos(POINTS @ r.T - TARGETS)
    return np.einsum("ia,ab,ic->iabc", slopes, np.eye(3), POINTS)


def exchanged(r: Any) -> Any:
    return registration_jac(r)[[1, 0, 2, 3, 4]]


def in_columns(r: Any) -> Any:
    return registration_jac(r).reshape(15, 9)


@pytest.mark.parametrize(
    "jac",
    [registration_jac, in_columns, lambda r: scipy.sparse.csr_array(in_columns(r))],
    ids=["array", "matrix", "sparse"],
)
def test_a_jacobian_on_rotations_passes_and_the_map_is_evaluated_on_them_alone(jac: Any) -> None:
    report = gradcheck.check_jacobian(registration, jac, ROTATION, rng=0, **ROTATIONS)
    assert report.verdict.value == "pass", str(report)
    assert report.notes[0].startswith("checked along curves on the manifold")
    assert "only its part along the manifold was checked" in report.notes[-1]


def test_without_retract_the_same_jacobian_cannot_be_checked() -> None:
    with pytest.raises(ValueError, match="not a rotation"):
        gradcheck.check_jacobian(lambda r: registration(1.1 * r), registration_jac, ROTATION, rng=0)


@pytest.mark.parametrize("jac", [exchanged, lambda r: -registration_jac(r), lambda r: 1.02 * registration_jac(r)])
def test_a_wrong_jacobian_on_rotations_fails(jac: Any) -> None:
    report = gradcheck.check_jacobian(registration, jac, ROTATION, rng=0, **ROTATIONS)
    assert report.verdict.value == "fail"


def test_rows_that_are_exchanged_are_named() -> None:
    order = [4, 1, 2, 3, 0, *range(5, 15)]
    report = gradcheck.check_jacobian(registration, lambda r: in_columns(r)[order], ROTATION, rng=0, **ROTATIONS)
    assert report.findings[0].message == "rows 0 and 4 are exchanged"


def test_what_a_jacobian_holds_across_the_manifold_does_not_matter() -> None:
    """Symmetric matrices times R are normal to the rotations: rows along them say nothing about the map there."""
    symmetric = RNG.normal(size=(3, 3))
    normal = ROTATION @ (symmetric + symmetric.T)

    def other(r: Any) -> Any:
        return registration_jac(r) + np.ones((5, 3, 1, 1)) * normal

    def not_normal(r: Any) -> Any:
        return registration_jac(r) + 0.1 * np.ones((5, 3, 1, 1)) * (ROTATION @ (symmetric - symmetric.T))

    at_point = other(ROTATION)
    assert gradcheck.check_jacobian(registration, at_point, ROTATION, rng=0, **ROTATIONS).verdict.value == "pass"
    at_point = not_normal(ROTATION)
    assert gradcheck.check_jacobian(registration, at_point, ROTATION, rng=0, **ROTATIONS).verdict.value == "fail"


def test_a_jacobian_at_the_point_alone_says_so() -> None:
    report = gradcheck.check_jacobian(registration, registration_jac(ROTATION), ROTATION, rng=0, **ROTATIONS)
    assert any("passed as an array" in note for note in report.notes)


def pullback(r: Any, u: Any) -> Any:
    return np.einsum("iabc,ia->bc", registration_jac(r), u)


def push(r: Any, v: Any) -> Any:
    """Defined for tangents alone."""
    assert np.abs(skew(r, v) - v).max() < 1e-9 * max(1.0, np.abs(v).max())
    return np.einsum("iabc,bc->ia", registration_jac(r), v)


@pytest.mark.parametrize("project", [True, False])
@pytest.mark.parametrize("factor", [1.0, 1.01])
def test_products_on_rotations(project: bool, factor: float) -> None:
    options = dict(ROTATIONS) if project else {"retract": rotated}
    expected = "pass" if factor == 1 else "fail"
    report = gradcheck.check_vjp(registration, lambda r, u: factor * pullback(r, u), ROTATION, rng=0, **options)
    assert report.verdict.value == expected, str(report)
    tangent_part = gradcheck.check_vjp(
        registration, lambda r, u: factor * skew(r, pullback(r, u)), ROTATION, rng=0, **options
    )
    assert tangent_part.verdict.value == expected
    assert not any("is not tangent" in note for note in tangent_part.notes)
    if project:
        report = gradcheck.check_jvp(registration, lambda r, v: factor * push(r, v), ROTATION, rng=0, **options)
        assert report.verdict.value == expected, str(report)


def test_a_mistake_that_does_not_show_at_the_point_is_found_at_another() -> None:
    def lucky(r: Any, u: Any) -> Any:
        return pullback(ROTATION, u)

    report = gradcheck.check_vjp(registration, lucky, ROTATION, rng=0, **ROTATIONS)
    assert report.verdict.value == "fail"
    assert "right at your point, wrong at another point of the manifold" in report.notes


# -- Hessians: the Rayleigh quotient on the sphere (section 6.4.2), log det of positive definite matrices --------------


def rayleigh(x: Any) -> float:
    return float(x @ A @ x)


def euclidean_gradient(x: Any) -> Any:
    return 2 * A @ x


def riemannian_gradient(x: Any) -> Any:
    return 2 * tangent(x, A @ x)


def riemannian_hessp(x: Any, v: Any) -> Any:
    return 2 * (tangent(x, A @ v) - v * (x @ A @ x))


def riemannian_hess(x: Any) -> Any:
    """As a matrix on the whole space: P (2 A) P - 2 (xᵀA x) P."""
    p = np.eye(4) - np.outer(x, x)
    return p @ (2 * A) @ p - 2 * (x @ A @ x) * p


def euclidean_hess(x: Any) -> Any:
    return 2 * A


def half_curvature(x: Any) -> Any:
    p = np.eye(4) - np.outer(x, x)
    return p @ (2 * A) @ p - (x @ A @ x) * p


RIGHT: dict[str, tuple[Callable[..., Any], dict[str, Any], str]] = {
    "Riemannian, both": (riemannian_gradient, {"hess": riemannian_hess}, ""),
    "Riemannian, products": (riemannian_gradient, {"hessp": riemannian_hessp}, ""),
    "Riemannian, of a gradient around": (euclidean_gradient, {"hess": riemannian_hess}, "it is the Riemannian Hessian"),
    "around, both": (euclidean_gradient, {"hess": euclidean_hess}, "it is the Hessian in the space around"),
}


@pytest.mark.parametrize("name", RIGHT)
def test_right_hessians_on_the_sphere_pass(name: str) -> None:
    grad, claim, note = RIGHT[name]
    report = gradcheck.check_hessian(rayleigh, grad, x0=ON_SPHERE, rng=0, **claim, **SPHERE)
    assert report.verdict.value == "pass", str(report)
    assert not note or any(note in each for each in report.notes)
    assert note or not any("Hessian" in each for each in report.notes)


@pytest.mark.parametrize("name", RIGHT)
def test_without_the_function_as_well(name: str) -> None:
    grad, claim, _ = RIGHT[name]
    assert gradcheck.check_hessian(None, grad, x0=ON_SPHERE, rng=0, **claim, **SPHERE).verdict.value == "pass"


@pytest.mark.parametrize("grad", [riemannian_gradient, euclidean_gradient])
@pytest.mark.parametrize("hess", [half_curvature, lambda x: -riemannian_hess(x), lambda x: 1.01 * riemannian_hess(x)])
def test_wrong_hessians_on_the_sphere_fail(grad: Any, hess: Any) -> None:
    report = gradcheck.check_hessian(rayleigh, grad, hess, ON_SPHERE, rng=0, **SPHERE)
    assert report.verdict.value == "fail"
    assert report.blocks["grad x"].verdict.value == "pass"


def test_the_hessian_around_is_not_that_of_a_tangent_gradient() -> None:
    report = gradcheck.check_hessian(rayleigh, riemannian_gradient, euclidean_hess, ON_SPHERE, rng=0, **SPHERE)
    assert report.verdict.value == "fail"


def test_without_a_projection_a_hessian_that_may_be_riemannian_is_undecided() -> None:
    options: dict[str, Any] = {"x0": ON_SPHERE, "rng": 0, "retract": normalised}
    report = gradcheck.check_hessian(rayleigh, euclidean_gradient, riemannian_hess, **options)
    assert report.verdict.value == "undecided"
    assert "pass project=" in report.blocks["x"].note
    report = gradcheck.check_hessian(rayleigh, euclidean_gradient, euclidean_hess, **options)
    assert report.verdict.value == "pass"


def test_a_wrong_gradient_on_the_sphere_comes_first() -> None:
    report = gradcheck.check_hessian(rayleigh, lambda x: A @ x, riemannian_hess, ON_SPHERE, rng=0, **SPHERE)
    assert report.blocks["grad x"].verdict.value == "fail"
    assert report.blocks["x"].verdict.value == "undecided"


def test_a_function_that_returns_both() -> None:
    def both(x: Any) -> Any:
        return rayleigh(x), riemannian_gradient(x)

    assert gradcheck.check_hessian(both, True, riemannian_hess, ON_SPHERE, rng=0, **SPHERE).verdict.value == "pass"


SPD = (lambda m: m @ m.T + np.eye(3))(RNG.normal(size=(3, 3)))
POSITIVE: dict[str, Any] = {
    "retract": lambda x, v: x + v + v @ np.linalg.solve(x, v) / 2,
    "project": lambda x, v: (v + v.T) / 2,
}


@pytest.mark.parametrize(("factor", "expected"), [(1.0, "pass"), (0.5, "fail")])
def test_log_det_of_positive_definite_matrices(factor: float, expected: str) -> None:
    def log_det(x: Any) -> float:
        return float(2 * np.log(np.diag(np.linalg.cholesky(x))).sum())  # reads the lower triangle alone

    def hessp(x: Any, v: Any) -> Any:
        return -factor * np.linalg.solve(x, np.linalg.solve(x, v).T).T

    report = gradcheck.check_hessian(log_det, np.linalg.inv, x0=SPD, hessp=hessp, rng=0, **POSITIVE)
    assert report.verdict.value == expected, str(report)


# -- large points, problems, and arguments ----------------------------------------------------------------------------


@pytest.mark.parametrize("wrong", [False, True])
def test_one_wrong_entry_of_a_large_jacobian(wrong: bool) -> None:
    matrix = RNG.normal(size=(30, 60))
    x0 = RNG.normal(size=60)
    x0 /= np.linalg.norm(x0)

    def jac(x: Any) -> Any:
        found = matrix * (1 - np.tanh(matrix @ x) ** 2)[:, None]
        if wrong:
            found[7, 21] += 0.4 * np.linalg.norm(found[7])
        return found

    report = gradcheck.check_jacobian(lambda x: np.tanh(matrix @ x), jac, x0, rng=0, **SPHERE)
    assert report.verdict.value == ("fail" if wrong else "pass")
    assert "random curves" in report.notes[0]
    if wrong:
        assert {entry.index[0] for entry in report.blocks["x"].entries if entry.wrong} == {7}


def test_a_problem_on_the_sphere() -> None:
    ring = {"type": "eq", "fun": lambda x: x[:2] * x[2:], "jac": lambda x: [[x[2], 0, x[0], 0], [0, x[3], 0, x[1]]]}
    report = gradcheck.check_problem(
        rayleigh, ON_SPHERE, jac=riemannian_gradient, hess=riemannian_hess, constraints=ring, rng=0, **SPHERE
    )
    assert report.verdict.value == "pass", str(report)
    wrong = ring | {"jac": lambda x: [[x[2], 0, x[0], 0], [0, x[3], 0, -x[1]]]}
    report = gradcheck.check_problem(
        rayleigh, ON_SPHERE, jac=riemannian_gradient, hess=riemannian_hess, constraints=wrong, rng=0, **SPHERE
    )
    assert [name for name, block in report.blocks.items() if not block.passes] == ["constraints[0].jac: x"]


@pytest.mark.parametrize(
    ("option", "value"),
    [("wrt", "x"), ("bounds", [(0, 1)] * 4), ("direction", ON_SPHERE), ("method", "complex"), ("journal", "journal")],
)
def test_options_without_a_meaning_on_a_manifold_are_named(option: str, value: Any, tmp_path: Any) -> None:
    value = str(tmp_path / value) if option == "journal" else value
    with pytest.raises(SubjectTypeError, match=f"^{option} is for checks without retract= and project="):
        gradcheck.check_jacobian(lambda x: x**2, lambda x: np.diag(2 * x), ON_SPHERE, **{option: value}, **SPHERE)


@pytest.mark.parametrize("option", ["wrt", "batch", "bounds", "journal", "method"])
def test_so_are_those_of_gradients(option: str) -> None:
    given: dict[str, Any] = {
        "wrt": "x",
        "batch": (1.0,),
        "bounds": [(0, 1)] * 4,
        "journal": "journal",
        "method": "textbook",
    }
    with pytest.raises(SubjectTypeError, match=f"^{option} is for checks without"):
        gradcheck.check_gradients(rayleigh, riemannian_gradient, ON_SPHERE, **{option: given[option]}, **SPHERE)


def test_a_point_that_is_not_on_the_manifold_is_refused() -> None:
    with pytest.raises(SubjectError, match="x0 must lie on the manifold"):
        gradcheck.check_jacobian(lambda x: x**2, lambda x: np.diag(2 * x), 2 * ON_SPHERE, **SPHERE)
    with pytest.raises(SubjectTypeError, match=r"project is a numpy\.ndarray"):
        gradcheck.check_jacobian(lambda x: x**2, lambda x: np.diag(2 * x), ON_SPHERE, project=np.eye(4))  # type: ignore[arg-type]


@pytest.mark.parametrize("workers", [None, map])
def test_evaluations_are_the_calls(workers: Any) -> None:
    calls = []

    def counted(x: Any) -> Any:
        calls.append(1)
        return x**2

    report = gradcheck.check_vjp(
        counted, lambda x, u: 2 * x * u, ON_SPHERE, rng=0, workers=workers and (lambda f, p: list(map(f, p))), **SPHERE
    )
    assert report.verdict.value == "pass"
    assert report.evaluations == len(calls)
