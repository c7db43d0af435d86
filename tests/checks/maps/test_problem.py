"""`check_problem`: every derivative of a problem in the words of `scipy.optimize.minimize`."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.optimize import (
    BFGS,
    Bounds,
    LinearConstraint,
    NonlinearConstraint,
    rosen,
    rosen_der,
    rosen_hess,
    rosen_hess_prod,
)

import gradcheck
from gradcheck import check_problem
from gradcheck.errors import SubjectError, SubjectTypeError
from tests.checks.maps.maps import slugs

POINT = [0.5, 0.25]


def circle_hess(x: Any, v: Any, factor: float = 1.0) -> Any:
    return v[0] * np.array([[2.0, 0], [0, 0]]) + factor * v[1] * np.array([[2.0, 0], [0, 0]])


def curves(hess: Any = circle_hess) -> NonlinearConstraint:
    """Two parabolas."""
    return NonlinearConstraint(
        lambda x: [x[0] ** 2 + x[1], x[0] ** 2 - x[1]],
        -np.inf,
        1,
        jac=lambda x: [[2 * x[0], 1], [2 * x[0], -1]],
        hess=hess,
    )


def test_everything_of_a_problem_is_checked() -> None:
    ring = {"type": "eq", "fun": lambda x: x @ x - 1, "jac": lambda x: 2 * x}
    report = check_problem(
        rosen,
        POINT,
        jac=rosen_der,
        hess=rosen_hess,
        hessp=rosen_hess_prod,
        constraints=[curves(), LinearConstraint([[1, 2]], 0, 1), ring],
        bounds=Bounds([0, -0.5], [1.0, 2.0]),
        rng=0,
    )
    assert report.verdict.value == "pass", str(report)
    names = [
        "jac: x",
        "hess: x",
        "hessp: x",
        "constraints[0].jac: x",
        "constraints[0].hess: x",
        "constraints[2].jac: x",
    ]
    assert list(report.blocks) == names
    assert "constraints[1] is linear: its matrix is its derivative" in report.notes


@pytest.mark.parametrize(
    ("changes", "block"),
    [
        ({"jac": lambda x: -rosen_der(x)}, "jac: x"),
        ({"hess": lambda x: 2 * rosen_hess(x)}, "hess: x"),
        ({"constraints": {"type": "eq", "fun": lambda x: x @ x, "jac": lambda x: x}}, "constraints[0].jac: x"),
    ],
)
def test_the_wrong_one_is_named(changes: Any, block: str) -> None:
    report = check_problem(rosen, POINT, **{"jac": rosen_der, "rng": 0} | changes)
    assert report.verdict.value == "fail"
    assert block in [name for name, found in report.blocks.items() if found.verdict.value == "fail"]
    assert report.findings[0].blocks == (block,)


def test_a_wrong_hessian_of_a_constraint() -> None:
    wrong = curves(lambda x, v: circle_hess(x, v, factor=-1.0))
    report = check_problem(None, POINT, constraints=wrong, rng=0)
    failed = [name for name, block in report.blocks.items() if not block.passes]
    assert failed == ["constraints[0].hess: x"]


def test_residuals_have_a_jacobian() -> None:
    def residuals(x: Any, scale: float) -> Any:
        return scale * np.array([10 * (x[1] - x[0] ** 2), 1 - x[0]])

    def jacobian(x: Any, scale: float) -> Any:
        return scale * np.array([[-20 * x[0], 10], [-1, 0]])

    report = check_problem(residuals, np.array(POINT), jac=jacobian, args=(3.0,), rng=0)
    assert report.verdict.value == "pass"
    assert report.blocks["jac: x"].shape == (2, 2)


def test_a_pair_of_value_and_gradient() -> None:
    report = check_problem(lambda x: (rosen(x), rosen_der(x)), POINT, jac=True, rng=0)
    assert report.verdict.value == "pass"


def test_approximations_are_noted_and_not_checked() -> None:
    report = check_problem(rosen, POINT, jac=rosen_der, hess=BFGS(), constraints={"type": "eq", "fun": sum}, rng=0)
    assert list(report.blocks) == ["jac: x"]
    assert any("approximation" in note for note in report.notes)
    assert any("constraints[0] has no jac" in note for note in report.notes)


NESTED = {"a": np.array([0.5, -1.0]), "b": np.array([2.0])}


def product(x: Any) -> float:
    return float(np.sin(x["a"]).sum() * x["b"][0] ** 2)


def product_grad(x: Any, factor: float = 1.0) -> Any:
    return {"a": np.cos(x["a"]) * x["b"][0] ** 2, "b": factor * 2 * np.sin(x["a"]).sum() * x["b"]}


def both(x: Any) -> Any:
    return np.array([x["a"] @ x["a"] * x["b"][0], x["b"][0] ** 3])


def both_jac(x: Any, factor: float = 1.0) -> Any:
    return {
        "a": np.stack([2 * x["a"] * x["b"][0], np.zeros(2)]),
        "b": factor * np.array([[x["a"] @ x["a"]], [3 * x["b"][0] ** 2]]),
    }


def both_hess_of(x: Any, v: Any) -> Any:
    mixed = 2 * v[0] * x["a"]
    return {
        "a": {"a": 2 * v[0] * x["b"][0] * np.eye(2), "b": mixed[:, None]},
        "b": {"a": mixed[None], "b": np.array([[6 * v[1] * x["b"][0]]])},
    }


#: SciPy's stubs know Hessians of one array alone.
both_hess: Any = both_hess_of


def test_wrt_chooses_parameters_of_objective_and_constraints() -> None:
    constraint = NonlinearConstraint(both, 0, 1, jac=lambda x: both_jac(x, 2.0), hess=both_hess)
    report = check_problem(product, NESTED, jac=lambda x: product_grad(x, -1.0), constraints=constraint, wrt="a", rng=0)
    assert [*report.blocks][:2] == ["jac: a", "constraints[0].jac: a"]
    assert report.blocks["jac: a"].passes
    assert report.blocks["constraints[0].jac: a"].passes
    assert any("wrt does not name them: b" in note for note in report.notes)
    whole = check_problem(product, NESTED, jac=lambda x: product_grad(x, -1.0), constraints=constraint, rng=0)
    assert not whole.blocks["jac: b"].passes
    assert not whole.blocks["constraints[0].jac: b"].passes


def test_hessians_of_constraints_on_nested_parameters() -> None:
    def wrong(x: Any, v: Any) -> Any:
        found = both_hess(x, v)
        return found | {"b": found["b"] | {"b": -found["b"]["b"]}}

    right = NonlinearConstraint(both, 0, 1, jac=both_jac, hess=both_hess)
    assert check_problem(None, NESTED, constraints=right, rng=0).verdict.value == "pass"
    turned: Any = wrong
    other = NonlinearConstraint(both, 0, 1, jac=both_jac, hess=turned)
    report = check_problem(None, NESTED, constraints=other, rng=0)
    assert [n for n, block in report.blocks.items() if not block.passes] == ["constraints[0].hess: (b, b)"]


def test_a_gauss_newton_matrix_is_named_where_residuals_are_given() -> None:
    """Rosenbrock's function is the sum of squares of 10 (y − x²) and 1 − x."""

    def residuals(x: Any) -> Any:
        return np.array([10 * (x[1] - x[0] ** 2), 1 - x[0]])

    def outer(x: Any) -> Any:
        j = np.array([[-20 * x[0], 10], [-1, 0]])
        return 2 * j.T @ j

    options: dict[str, Any] = {"jac": rosen_der, "residuals": residuals, "rng": 0}
    assert check_problem(rosen, POINT, hess=rosen_hess, **options).verdict.value == "pass"
    at = [0.5, -0.4]
    report = check_problem(rosen, at, hess=outer, **options)
    assert report.findings[0].slug == "gauss-newton"
    assert "the Gauss–Newton matrix 2 JᵀJ" in report.findings[0].message
    assert slugs(check_problem(rosen, at, hess=lambda x: 2 * rosen_hess(x), **options)) == ["constant-factor"]
    with pytest.raises(SubjectTypeError, match="residuals is for a Hessian"):
        check_problem(rosen, at, **options)


def test_nothing_to_check_is_refused() -> None:
    with pytest.raises(SubjectError, match="there is no derivative to check"):
        check_problem(rosen, POINT, jac="2-point")
    with pytest.raises(SubjectError, match="hess is passed, but fun returns 2 numbers: residuals have a Jacobian"):
        check_problem(lambda x: x**2, POINT, jac=lambda x: np.diag(2 * x), hess=rosen_hess)
    with pytest.raises(SubjectError, match="hess or hessp is passed without jac"):
        check_problem(rosen, POINT, hess=rosen_hess)
    with pytest.raises(SubjectTypeError, match="x0 is a function"):
        check_problem(rosen, rosen_der)
    with pytest.raises(SubjectTypeError, match="pass a dict with fun and jac"):
        check_problem(rosen, POINT, constraints=[3])


def test_assert_problem() -> None:
    assert gradcheck.assert_problem(rosen, POINT, jac=rosen_der, rng=0)
    with pytest.raises(gradcheck.GradientMismatch, match="constant-factor"):
        gradcheck.assert_problem(rosen, POINT, jac=lambda x: rosen_der(x) / 2, rng=0)
    assert slugs(check_problem(rosen, POINT, jac=lambda x: rosen_der(x) / 2, rng=0)) == ["constant-factor"]
