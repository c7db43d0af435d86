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


def test_nothing_to_check_is_refused() -> None:
    with pytest.raises(SubjectError, match="there is no derivative to check"):
        check_problem(rosen, POINT, jac="2-point")
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
