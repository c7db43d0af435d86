"""`assert_jacobian` and its siblings: raise unless a derivative passes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gradcheck.checks.gradients import GradientMismatch
from gradcheck.checks.maps.adjoint import check_adjoint
from gradcheck.checks.maps.hessian import check_hessian
from gradcheck.checks.maps.jacobian import check_jacobian
from gradcheck.checks.maps.problem import check_problem
from gradcheck.checks.maps.products import check_jvp, check_vjp
from gradcheck.reports.report import Report
from gradcheck.verdicts.shrinking import shrinking_run


def _asserted(check: Callable[..., Report], arguments: tuple[Any, ...], options: dict[str, Any]) -> Report:
    __tracebackhide__ = True
    with shrinking_run():
        report = check(*arguments, **options)
    if not report:
        raise GradientMismatch(report)
    return report


def assert_jacobian(*arguments: Any, **options: Any) -> Report:
    """Raise `GradientMismatch` unless a Jacobian passes; arguments as for `check_jacobian`."""
    __tracebackhide__ = True
    return _asserted(check_jacobian, arguments, options)


def assert_jvp(*arguments: Any, **options: Any) -> Report:
    """Raise `GradientMismatch` unless a Jacobian-vector product passes; arguments as for `check_jvp`."""
    __tracebackhide__ = True
    return _asserted(check_jvp, arguments, options)


def assert_vjp(*arguments: Any, **options: Any) -> Report:
    """Raise `GradientMismatch` unless a vector-Jacobian product passes; arguments as for `check_vjp`."""
    __tracebackhide__ = True
    return _asserted(check_vjp, arguments, options)


def assert_adjoint(*arguments: Any, **options: Any) -> Report:
    """Raise `GradientMismatch` unless an adjoint passes; arguments as for `check_adjoint`."""
    __tracebackhide__ = True
    return _asserted(check_adjoint, arguments, options)


def assert_hessian(*arguments: Any, **options: Any) -> Report:
    """Raise `GradientMismatch` unless a Hessian and its gradient pass; arguments as for `check_hessian`."""
    __tracebackhide__ = True
    return _asserted(check_hessian, arguments, options)


def assert_problem(*arguments: Any, **options: Any) -> Report:
    """Raise `GradientMismatch` unless all derivatives of a problem pass; arguments as for `check_problem`."""
    __tracebackhide__ = True
    return _asserted(check_problem, arguments, options)
