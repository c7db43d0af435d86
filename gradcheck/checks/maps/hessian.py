"""`check_hessian`: the gradient against differences of the function, then the Hessian against those of the gradient."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Literal

import numpy as np

from gradcheck._version import __version__
from gradcheck.checks.gradients import check_gradients
from gradcheck.checks.maps.combined import combined
from gradcheck.checks.maps.gauss_newton import gauss_newton_of
from gradcheck.checks.maps.linearity import Found, linear_pullback
from gradcheck.checks.maps.reproducible import difference, unsteady
from gradcheck.checks.maps.run import MapOptions, Rng, run_map_check, tolerance_of_map
from gradcheck.checks.methods import require_budget
from gradcheck.checks.observers import notify_observers, quiet
from gradcheck.checks.options import Workers, budget_of, rtol_beside, seed_of
from gradcheck.diagnosis.finding import Finding
from gradcheck.diagnosis.mistakes import BY_SLUG
from gradcheck.errors import SubjectError, SubjectTypeError
from gradcheck.probes.evaluator import Progress
from gradcheck.probes.journal import FirstPart, stored_seed
from gradcheck.reports.data import BlockReport
from gradcheck.reports.report import Report
from gradcheck.subjects.convert import MISSING
from gradcheck.subjects.frameworks.boundary import Boundary
from gradcheck.subjects.frameworks.detection import framework_of
from gradcheck.subjects.given_gradient import gradient_of_library
from gradcheck.subjects.maps.claim import Claim, JacobianClaim, PullbackClaim, named, require_callable
from gradcheck.subjects.maps.cotangent import random_cotangent
from gradcheck.subjects.maps.domain import bounded
from gradcheck.subjects.maps.jacobian import without_adjoints
from gradcheck.subjects.maps.map_subject import MapSubject
from gradcheck.subjects.maps.matrix import is_operator, is_sparse
from gradcheck.subjects.selection import Wrt
from gradcheck.verdicts.maps.result import MapResult
from gradcheck.verdicts.verdict import Verdict

#: Said of a Hessian whose gradient is wrong.
NOT_COMPARED = "not compared: the gradient that it would be compared with is wrong; fix that first"

#: The two products with a symmetric matrix may differ by this many tolerances, on the scale of their terms.
SYMMETRIC = 2.0


def check_hessian(
    fun: Callable[..., Any] | None,
    grad: Any,
    hess: Any = None,
    x0: Any = MISSING,
    *,
    hessp: Callable[..., Any] | None = None,
    residuals: Callable[..., Any] | None = None,
    args: Sequence[Any] = (),
    wrt: Wrt = None,
    rtol: float | None = None,
    rng: Rng = None,
    budget: int | None = None,
    entries: bool = False,
    workers: Workers = None,
    progress: bool | Progress = False,
    bounds: Any = None,
    loss_accuracy: float | None = None,
    diagnose: bool = True,
    method: Literal["gradcheck", "taylor", "complex", "jax"] = "gradcheck",
    retract: Callable[[Any, Any], Any] | None = None,
    project: Callable[[Any, Any], Any] | None = None,
    journal: str | os.PathLike[str] | None = None,
) -> Report:
    """Compare a hand-written Hessian with differences of the gradient, and the gradient with those of the function.

    Parameters
    ----------
    fun : callable or None
        ``fun(x, *args)`` returns a number; None if the gradient need not be checked.
    grad : callable, True or None
        ``grad(x, *args)`` returns the gradient; True if `fun` returns ``(value, gradient)``; None is the gradient that
        PyTorch or JAX computes of `fun`, a function of its own arrays.
    hess : callable, matrix or nesting of matrices
        ``hess(x, *args)`` returns the Hessian: an array, a sparse matrix, a `LinearOperator`, or for a nested `x0` the
        nesting of blocks. A matrix is its value at `x0` alone. Without `hess` and `hessp` it is the product that
        PyTorch or JAX computes, the derivative of its own gradient.
    x0 : array or nesting of arrays
        Of NumPy, PyTorch or JAX, and tuples, as for `check_gradients`.
    hessp : callable, optional
        ``hessp(x, v, *args)`` returns the Hessian times `v`, in the place of `hess`.
    residuals : callable, optional
        ``residuals(x, *args)`` returns what `fun` is the sum of squares of, up to a factor, or the terms that it sums.
        A wrong Hessian is then compared with JᵀJ, the Gauss–Newton matrix or the outer product of gradients.
    retract, project : callable, optional
        As for `check_gradients`. The Hessian is then the Riemannian one, or that of the space around the manifold, of
        which tangents alone are compared; the notes say which.
    args, wrt, rtol, rng, budget, entries, workers, progress, bounds, loss_accuracy, diagnose, method, journal
        As for `check_jacobian`; they hold for the gradient and for the Hessian. The budget covers both; the
        gradient may take half of it.

    Returns
    -------
    Report
        The blocks of the Hessian have the name of the parameter, or ``(a, b)`` for two parameters of a nested `x0`;
        those of the gradient are called ``grad x``. If the gradient is wrong, the Hessian is undecided.

    Raises
    ------
    SubjectError, SubjectTypeError
        If the arguments cannot be checked; the message says what to change.

    Examples
    --------
    >>> import numpy as np
    >>> import gradcheck
    >>> def fun(x):
    ...     return x[0] ** 2 * x[1] + np.exp(x[1])
    >>> def grad(x):
    ...     return np.array([2 * x[0] * x[1], x[0] ** 2 + np.exp(x[1])])
    >>> def hess(x):
    ...     return np.array([[2 * x[1], 2 * x[0]], [0, np.exp(x[1])]])  # the lower triangle was left out
    >>> report = gradcheck.check_hessian(fun, grad, hess, np.array([1.2, 0.7]), rng=0)
    >>> report.verdict.value, report.findings[0].slug
    ('fail', 'asymmetric-hessian')
    """
    if x0 is MISSING:
        raise SubjectTypeError("missing x0: check_hessian(fun, grad, hess, x0)")
    of_library = hess is None and hessp is None and framework_of(x0) is not None
    if (hess is None) == (hessp is None) and not of_library:
        raise SubjectTypeError(
            "pass either hess, the Hessian, or hessp=, a function hessp(x, v); neither stands for what PyTorch or JAX "
            "computes, where x0 holds tensors or arrays of JAX"
        )
    if fun is None and grad is True:
        raise SubjectTypeError("grad is True, but fun is None: pass the function that returns (value, gradient)")
    if residuals is not None:
        require_callable(residuals, "residuals", "pass the function that computes them, residuals(x, *args)")
    args = tuple(args) if isinstance(args, (tuple, list)) else (args,)
    boundary = Boundary(x0)
    if of_library:
        require_callable(fun, "fun", "PyTorch and JAX compute a Hessian of the function: pass it, or hess")
        assert fun is not None
        hessp, wrt = boundary.own_hessp(fun, args), boundary.own_wrt(wrt)
    elif hessp is not None:
        require_callable(hessp, "hessp", "pass hessp(x, v)")
        hessp = boundary.function(hessp, args, 1, tracked=True)
    else:
        hess = boundary.derivative(hess, args)
    if grad is None and fun is not None:
        grad = gradient_of_library(boundary, fun, args)
        wrt = boundary.own_wrt(wrt)
    elif callable(grad):
        grad = boundary.function(grad, args, tracked=True)
    fun = None if fun is None else boundary.function(fun, args, tracked=grad is True)
    residuals = None if residuals is None else boundary.function(residuals, args)
    retract, project, x0 = boundary.step(retract), boundary.step(project), boundary.x0
    rtol = rtol_beside(boundary.coarse, rtol)
    first = None if journal is None or fun is None else FirstPart(f"{os.fspath(journal)}.gradient")
    stored = stored_seed(first or journal) if journal is not None and rng is None else None
    seed, limit = seed_of(rng if stored is None else stored), budget_of(budget)
    if fun is not None:
        require_budget(limit, method, 2, "the gradient and the Hessian share it")
    options = MapOptions(rtol, seed, limit, entries, progress, loss_accuracy, diagnose, None, workers, journal, method)
    retraction = None
    if retract is not None or project is not None:
        from gradcheck.checks.maps.on_manifold import on_manifold

        refused = {"wrt": wrt is not None, "bounds": bounds is not None, "residuals": residuals is not None}
        refused |= {"method": method != "gradcheck"}
        retraction, x0, options = on_manifold(x0, retract, project, options, **refused)
    x0, domain, notes = bounded(x0, bounds, wrt)
    gradient = _gradient_of(fun, grad)
    of_gradient: Report | None = None
    if fun is not None:
        with quiet():
            of_gradient = check_gradients(
                fun if retraction is None or grad is not True else _value_of(fun),
                grad if retraction is None else gradient,
                x0,
                args=args,
                wrt=wrt,
                bounds=bounds,
                rtol=rtol,
                rng=seed,
                budget=limit // 2,
                entries=entries,
                workers=workers,
                progress=progress,
                method=method,
                loss_accuracy=loss_accuracy,
                diagnose=diagnose,
                retract=retract,
                project=project,
                journal=first,
            )
        options = replace(options, budget=limit - of_gradient.evaluations)
    subject = MapSubject(gradient, _claim(hess, hessp), x0, args, wrt=wrt, domain=domain)
    subject.hold(boundary.coarse)
    _require_square(subject, named(gradient))
    if isinstance(subject.claim, JacobianClaim):
        without_adjoints(subject, subject.claim)
    subject._notes |= dict.fromkeys(notes)
    target = named(fun) if fun is not None else named(gradient)
    more = (_symmetry, gauss_newton_of(residuals))
    if of_gradient is not None and of_gradient.verdict is Verdict.FAIL:
        report = _not_compared(subject, target, seed, tolerance_of_map(rtol, subject))
    elif retraction is not None:
        from gradcheck.checks.maps.on_manifold import check_hessian_on_manifold

        report = check_hessian_on_manifold(subject, retraction, options, target=target, args=args, more=_symmetry)
    else:
        report = run_map_check(subject, options, kind="hessian", symmetric=True, target=target, notify=False, more=more)
    if of_gradient is not None:
        renamed = {f"grad {name}": block for name, block in of_gradient.blocks.items()}
        if first is not None and not isinstance(journal, FirstPart):
            first.end()
        report = combined([(of_gradient, renamed, "grad "), (report, report.blocks, "")], target, "hessian")
    notify_observers(report)
    return report


def _gradient_of(fun: Any, grad: Any) -> Callable[..., Any]:
    if grad is not True:
        require_callable(grad, "grad", "pass the function that computes the gradient, or True if fun returns both")
        found: Callable[..., Any] = grad
        return found

    def gradient(x: Any, *args: Any) -> Any:
        return fun(x, *args)[1]

    gradient.__qualname__ = named(fun)
    return gradient


def _value_of(fun: Callable[..., Any]) -> Callable[..., Any]:
    """The function alone, of one that returns its value and its gradient."""

    def value(x: Any, *args: Any) -> Any:
        return fun(x, *args)[0]

    value.__qualname__ = named(fun)
    return value


def _claim(hess: Any, hessp: Callable[..., Any] | None) -> Claim:
    if hessp is not None:
        require_callable(hessp, "hessp", "pass hessp(x, v)")
        return PullbackClaim(hessp, f"{named(hessp)}() returned")
    if callable(hess) and not is_operator(hess) and not is_sparse(hess):
        return JacobianClaim(hess, f"{named(hess)}() returned", only_here=False)
    return JacobianClaim(hess, "hess holds", only_here=True)


def _require_square(subject: MapSubject, source: str) -> None:
    inputs = sum(block.size for block in subject.blocks)
    if subject.outputs.size != inputs and not subject._parameters.excluded:
        raise SubjectError(
            f"{source}() returned {subject.outputs.size} numbers for {inputs} parameters: a gradient has one for each"
        )


def _symmetry(result: MapResult, rng: np.random.Generator, rtol: float) -> Found:
    """Whether the claim is symmetric; and of ``hessp`` whether it is linear."""
    subject = result.subject
    findings: tuple[Finding, ...] = ()
    if isinstance(subject.claim, PullbackClaim):
        findings, _ = linear_pullback(result, rng, rtol)
    if subject.outputs.size != sum(block.size for block in subject.blocks) or not subject.claim.pulls or findings:
        return findings, ()
    u, w = random_cotangent(result.scales, rng), random_cotangent(result.scales, rng)
    one, other = (_pulled(subject, each) for each in (u, w))
    left, right = one * w, other * u
    size = max(float(np.linalg.norm(left)), float(np.linalg.norm(right)))
    gap = abs(float(left.sum() - right.sum()))
    if gap <= SYMMETRIC * rtol * size:
        return (), ()
    off = difference(one, lambda: _pulled(subject, u))
    if off:
        return (unsteady(subject, "the product", off),), ()
    mistake = BY_SLUG["asymmetric-hessian"]
    evidence = f"⟨u, H w⟩ = {left.sum():.8g} and ⟨w, H u⟩ = {right.sum():.8g} for random u and w"
    names = subject.input_names
    return (
        Finding(mistake.code, mistake.slug, ", ".join(names), mistake.description, evidence, mistake.fix, blocks=names),
    ), ()


def _pulled(subject: MapSubject, cotangent: Any) -> Any:
    found = subject.with_cotangent(cotangent).gradient(subject.space.copy(subject.point))
    return np.concatenate([np.asarray(g, dtype=float).ravel() for g in found])


def _not_compared(subject: MapSubject, target: str, seed: int, rtol: float) -> Report:
    """The report of a Hessian that was not compared."""
    outputs, bare = subject.outputs, subject.outputs.structure.bare
    blocks = {}
    for o, output in enumerate(outputs.names):
        for block in subject.blocks:
            name = block.name if bare else f"({output}, {block.name})"
            blocks[name] = BlockReport(
                name=name,
                shape=(*outputs.shapes[o], *block.shape),
                dtype=block.dtype,
                verdict=Verdict.UNDECIDED,
                claimed_norm=math.nan,
                numeric_norm=None,
                relative_error=math.nan,
                error_bar=math.nan,
                resolution=None,
                block_resolution=None,
                worst=None,
                entries=(),
                where="your point",
                note=NOT_COMPARED,
            )
    return Report(
        version=__version__,
        target=target,
        verdict=Verdict.UNDECIDED,
        method="gradcheck",
        seed=seed,
        rtol=rtol,
        loss=math.nan,
        noise=math.nan,
        evaluations=subject.evaluations.calls,
        gradients=0,
        seconds=0.0,
        blocks=blocks,
        notes=subject.notes(),
        kind="hessian",
    )


def renamed_block(block: BlockReport, name: str) -> BlockReport:
    """A block under another name."""
    return replace(block, name=name)
