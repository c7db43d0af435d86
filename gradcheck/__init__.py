"""Checks hand-written gradients: whether they are right, where they are wrong, and what the mistake is.

>>> import gradcheck
>>> report = gradcheck.check_gradients(lambda x: x**2, lambda x: 2 * x, 3.0)
>>> report.verdict.value
'pass'
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gradcheck._names import SUBPACKAGES, load

if TYPE_CHECKING:
    from gradcheck import strategies as strategies
    from gradcheck import testing as testing
    from gradcheck._version import __version__
    from gradcheck.checks.gradients import GradientMismatch, assert_gradients, check_gradients
    from gradcheck.checks.maps.adjoint import check_adjoint
    from gradcheck.checks.maps.asserts import (
        assert_adjoint,
        assert_hessian,
        assert_jacobian,
        assert_jvp,
        assert_problem,
        assert_vjp,
    )
    from gradcheck.checks.maps.hessian import check_hessian
    from gradcheck.checks.maps.jacobian import check_jacobian
    from gradcheck.checks.maps.problem import check_problem
    from gradcheck.checks.maps.products import check_jvp, check_vjp
    from gradcheck.errors import GradcheckError, SubjectError, SubjectTypeError, TargetError
    from gradcheck.reports.data import BlockReport
    from gradcheck.reports.report import Report
    from gradcheck.settings import defaults
    from gradcheck.subjects.convert import as_subject
    from gradcheck.subjects.foreign_layer import as_layer
    from gradcheck.subjects.subject import Block, Subject
    from gradcheck.testing.pairs.run import Pairs, pairs
    from gradcheck.training.doctor.api import doctor
    from gradcheck.training.doctor.report import DoctorReport
    from gradcheck.training.optimisers.checking import check_optimiser
    from gradcheck.training.optimisers.report import OptimiserReport
    from gradcheck.verdicts.verdict import Verdict

__all__ = [
    "Block",
    "BlockReport",
    "DoctorReport",
    "GradcheckError",
    "GradientMismatch",
    "OptimiserReport",
    "Pairs",
    "Report",
    "Subject",
    "SubjectError",
    "SubjectTypeError",
    "TargetError",
    "Verdict",
    "__version__",
    "as_layer",
    "as_subject",
    "assert_adjoint",
    "assert_gradients",
    "assert_hessian",
    "assert_jacobian",
    "assert_jvp",
    "assert_problem",
    "assert_vjp",
    "check_adjoint",
    "check_gradients",
    "check_hessian",
    "check_jacobian",
    "check_jvp",
    "check_optimiser",
    "check_problem",
    "check_vjp",
    "defaults",
    "doctor",
    "pairs",
]


def __getattr__(name: str) -> Any:
    value = load(name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*__all__, *SUBPACKAGES])
