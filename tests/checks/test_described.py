"""Descriptions of derivatives: dicts, tuples, objects and operators, each with the check that it needs."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from scipy.optimize import rosen, rosen_der, rosen_hess, rosen_hess_prod
from scipy.sparse import csr_array
from scipy.sparse.linalg import aslinearoperator

import gradcheck
from gradcheck.checks.described import described
from gradcheck.errors import SubjectTypeError, TargetError

POINT = np.array([0.5, 0.25])
MATRIX = np.array([[1.0, 2.0], [0.5, -1.0], [3.0, 0.0]])


def cumulated(y: Any) -> Any:
    return np.cumsum(y[::-1])[::-1]


def pulled(x: Any, u: Any) -> Any:
    return u * (1 - np.tanh(x) ** 2)


#: Descriptions, the check that each needs, and the block that is wrong with a sign.
DESCRIPTIONS: dict[str, tuple[Any, str, Any]] = {
    "gradient": ({"fun": rosen, "grad": rosen_der, "x0": POINT}, "gradients", {"grad": lambda x: -rosen_der(x)}),
    "Hessian": (
        {"fun": rosen, "grad": rosen_der, "hess": rosen_hess, "x0": POINT},
        "hessian",
        {"hess": lambda x: -rosen_hess(x)},
    ),
    "products": (
        {"fun": rosen, "grad": rosen_der, "hessp": rosen_hess_prod, "x0": POINT},
        "hessian",
        {"hessp": lambda x, v: -rosen_hess_prod(x, v)},
    ),
    "vjp": ({"fun": np.tanh, "vjp": pulled, "x0": POINT}, "vjp", {"vjp": lambda x, u: -pulled(x, u)}),
    "jvp": ({"fun": np.tanh, "jvp": pulled, "x0": POINT}, "jvp", {"jvp": lambda x, v: -pulled(x, v)}),
    "adjoint": (
        {"forward": np.cumsum, "adjoint": cumulated, "x_like": (3,), "y_like": (3,)},
        "adjoint",
        {"adjoint": lambda y: -cumulated(y)},
    ),
    "problem": (
        {"fun": rosen, "x0": POINT, "jac": rosen_der, "hess": rosen_hess, "bounds": [(0, 1), (0, 1)]},
        "problem",
        {"jac": lambda x: -rosen_der(x)},
    ),
    "residuals": (
        {"fun": lambda x: MATRIX @ np.sin(x), "x0": POINT, "jac": lambda x: MATRIX * np.cos(x)},
        "problem",
        {"jac": lambda x: -MATRIX * np.cos(x)},
    ),
}


@pytest.mark.parametrize("as_object", [False, True])
@pytest.mark.parametrize("name", DESCRIPTIONS)
def test_the_check_that_a_description_needs(name: str, as_object: bool) -> None:
    right, kind, lie = DESCRIPTIONS[name]
    for arguments, expected in ((right, "pass"), (right | lie, "fail")):
        found = described(SimpleNamespace(**arguments) if as_object else arguments, "name")
        assert found is not None
        assert (found.kind, found.form) == (kind, "object" if as_object else "dict")
        assert found.check(rng=0).verdict.value == expected


def test_tuples_and_operators() -> None:
    for what, kind, form in (
        ((rosen, rosen_der, rosen_hess, POINT), "hessian", "tuple"),
        ((np.cumsum, cumulated, np.zeros(3), np.zeros(3)), "adjoint", "tuple"),
        (aslinearoperator(MATRIX), "adjoint", "operator"),
    ):
        found = described(what, "name")
        assert found is not None
        assert (found.kind, found.form) == (kind, form)
        assert found.check(rng=0).verdict.value == "pass"
    report = described((np.cumsum, np.cumsum, np.zeros(3), np.zeros(3)), "name")
    assert report is not None
    assert report.check(rng=0).verdict.value == "fail"


def test_options_of_the_command_line_take_precedence() -> None:
    found = described(DESCRIPTIONS["problem"][0] | {"rtol": 1e-3, "rng": 4}, "name")
    assert found is not None
    assert (found.check().rtol, found.check().seed) == (1e-3, 4)
    assert (found.check(rtol=1e-4, rng=5, budget=None).rtol, found.check(rng=5).seed) == (1e-4, 5)


def test_what_is_no_description_is_left_to_others() -> None:
    class Model:
        def __init__(self) -> None:
            self.params = {"w": POINT}

        def loss(self) -> Any:
            return rosen(self.params["w"]), {"w": rosen_der(self.params["w"])}

    subject = gradcheck.as_subject(rosen, rosen_der, POINT)
    for other in (Model(), subject, (rosen, rosen_der, POINT), 3, None, MATRIX, csr_array(MATRIX), rosen):
        assert described(other, "name") is None


def test_mistakes_in_a_description_are_named() -> None:
    for keys, message in (
        (
            {"fun": rosen, "x0": POINT},
            "name does not say which derivative it describes: it needs to be a dict with fun",
        ),
        ({"fun": rosen, "x0": POINT, "jac": rosen_der, "bound": ()}, "the key 'bound'.*did you mean 'bounds'"),
        ({"fun": rosen, "jac": rosen_der}, "name has no x0: check_problem needs it"),
        ({"fun": np.tanh, "vjp": pulled}, "name has no x0: check_vjp needs it"),
    ):
        with pytest.raises(TargetError, match=message):
            described(keys, "name")
    found = described({"fun": rosen, "grad": rosen_der, "hess": rosen_hess}, "name")
    assert found is not None
    with pytest.raises(SubjectTypeError, match="missing x0"):
        found.check()
