"""`check_problem`: every derivative of an optimisation problem, in the words of `scipy.optimize.minimize`."""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, Literal

import numpy as np

from gradcheck.checks.gradients import check_gradients
from gradcheck.checks.maps.combined import combined
from gradcheck.checks.maps.hessian import check_hessian
from gradcheck.checks.maps.jacobian import check_jacobian
from gradcheck.checks.maps.run import Rng
from gradcheck.checks.observers import notify_observers, quiet
from gradcheck.checks.options import Workers, budget_of, rtol_beside, seed_of
from gradcheck.errors import SubjectError, SubjectTypeError
from gradcheck.probes.evaluator import Progress
from gradcheck.probes.journal import PartedJournal
from gradcheck.reports.data import BlockReport
from gradcheck.reports.report import Report
from gradcheck.subjects.frameworks.boundary import Boundary
from gradcheck.subjects.maps.claim import named, require_callable
from gradcheck.subjects.maps.outputs import plain_list
from gradcheck.subjects.pytree import flatten
from gradcheck.subjects.selection import Wrt
from gradcheck.subjects.validation import type_name


@dataclass(frozen=True, slots=True)
class _Part:
    """One derivative of the problem, and the report about it.

    Attributes
    ----------
    label : str
        What stands before the names of its blocks.
    report : Report
    """

    label: str
    report: Report

    def named(self) -> Mapping[str, BlockReport]:
        """Its blocks under the names of the whole."""
        return {f"{self.label}{name}": block for name, block in self.report.blocks.items()}


def check_problem(
    fun: Callable[..., Any] | None,
    x0: Any,
    *,
    jac: Any = None,
    hess: Any = None,
    hessp: Callable[..., Any] | None = None,
    residuals: Callable[..., Any] | None = None,
    constraints: Any = (),
    bounds: Any = None,
    args: Sequence[Any] = (),
    wrt: Wrt = None,
    rtol: float | None = None,
    rng: Rng = None,
    budget: int | None = None,
    entries: bool = False,
    workers: Workers = None,
    progress: bool | Progress = False,
    loss_accuracy: float | None = None,
    diagnose: bool = True,
    method: Literal["gradcheck", "taylor", "complex", "jax"] = "gradcheck",
    retract: Callable[[Any, Any], Any] | None = None,
    project: Callable[[Any, Any], Any] | None = None,
    journal: str | os.PathLike[str] | None = None,
) -> Report:
    """Check all hand-written derivatives of an optimisation problem.

    Parameters
    ----------
    fun : callable or None
        The objective ``fun(x, *args)``, or residuals: several numbers, as `scipy.optimize.least_squares` and `root`
        take them. None if there are only constraints.
    x0 : array or nesting of arrays
        Of NumPy, PyTorch or JAX: then all functions get and return arrays of that kind.
    jac : callable, True or str
        Gradient of the objective, or Jacobian of the residuals; True if `fun` returns it as well. What differences
        compute, as ``'2-point'``, is not checked.
    hess, hessp : callable
        ``hess(x, *args)`` and ``hessp(x, v, *args)``; they need `jac`.
    residuals : callable, optional
        As for `check_hessian`: what `fun` is the sum of squares of, so that JᵀJ in the place of the Hessian is named.
    constraints : dict, NonlinearConstraint, LinearConstraint, or sequence of them
        Those with a function and a derivative are checked; ``hess(x, v)`` of a nonlinear constraint as well.
    bounds : sequence of (low, high), or scipy.optimize.Bounds, optional
        No point outside is evaluated.
    args : sequence
        Further arguments of `fun`, `jac`, `hess` and `hessp`.
    wrt : str or iterable of str, optional
        Names of the leaves of a nested `x0`, in the objective and in the constraints alike.
    rtol, rng, budget, entries, workers, progress, loss_accuracy, diagnose, method, retract, project
        As for `check_jacobian`; the budget holds for each derivative.
    journal : str or os.PathLike, optional
        As for `check_gradients`: a file with the seed, and beside it one with the evaluations of each derivative.

    Returns
    -------
    Report
        Its blocks are called ``jac: x``, ``hess: x``, ``constraints[0].jac: x`` and so on.

    Raises
    ------
    SubjectError, SubjectTypeError
        If there is nothing to check, or an argument cannot be read.

    Examples
    --------
    >>> import numpy as np
    >>> import gradcheck
    >>> report = gradcheck.check_problem(
    ...     lambda x: x @ x,
    ...     np.array([1.0, 2.0]),
    ...     jac=lambda x: 2 * x,
    ...     constraints={"type": "eq", "fun": lambda x: x[0] * x[1] - 1, "jac": lambda x: np.array([x[1], -x[0]])},
    ...     rng=0,
    ... )
    >>> [(name, block.verdict.value) for name, block in report.blocks.items()]
    [('jac: x', 'pass'), ('constraints[0].jac: x', 'fail')]
    """
    if fun is not None:
        require_callable(fun, "fun", "pass the objective, check_problem(fun, x0, jac=...)")
    if callable(x0):
        raise SubjectTypeError(
            "x0 is a function: pass the point second and derivatives by name, check_problem(fun, x0, jac=...)"
        )
    if residuals is not None and hess is None and hessp is None:
        raise SubjectTypeError("residuals is for a Hessian: pass hess= or hessp= as well, or leave it out")
    args = tuple(args) if isinstance(args, (tuple, list)) else (args,)
    boundary = Boundary(x0)
    if boundary.framework is not None:
        fun = None if fun is None else boundary.function(fun, args, tracked=jac is True)
        jac, hess = boundary.derivative(jac, args), boundary.derivative(hess, args)
        hessp = None if hessp is None else boundary.function(hessp, args, 1, tracked=True)
        residuals = None if residuals is None else boundary.function(residuals, args)
        constraints = _in_numpy(constraints, boundary)
        retract, project, x0 = boundary.step(retract), boundary.step(project), boundary.x0
        rtol = rtol_beside(boundary.coarse, rtol)
    kept = None if journal is None else PartedJournal(journal, seed_of(rng), reproduce=rng is None)
    seed = seed_of(rng) if kept is None else kept.seed
    options: dict[str, Any] = {
        "rtol": rtol,
        "rng": seed,
        "budget": budget_of(budget),
        "entries": entries,
        "workers": workers,
        "progress": progress,
        "loss_accuracy": loss_accuracy,
        "diagnose": diagnose,
        "wrt": wrt,
        "retract": retract,
        "project": project,
        "method": method,
    }
    x0 = plain_list(x0)
    left: list[str] = []
    with quiet():
        parts = [
            *_of_objective(fun, x0, jac, hess, hessp, residuals, bounds, args, options, left, kept),
            *_of_constraints(constraints, x0, bounds, options, left, kept),
        ]
    if kept is not None:
        kept.end()
    if not parts:
        raise SubjectError(
            "there is no derivative to check: pass jac=, hess= or hessp=, or constraints with a jac"
            + (f" ({'; '.join(left)})" if left else "")
        )
    target = named(fun) if fun is not None else "constraints"
    report = combined([(part.report, part.named(), part.label) for part in parts], target, "problem")
    report = _with_notes(report, left)
    notify_observers(report)
    return report


def _in_numpy(constraints: Any, boundary: Boundary) -> tuple[Any, ...]:
    """Constraints on tensors, or on arrays of JAX, as constraints on arrays of NumPy."""
    if isinstance(constraints, Mapping) or hasattr(constraints, "lb"):
        constraints = (constraints,)
    found: list[Any] = []
    for each in constraints or ():
        if isinstance(each, Mapping) and callable(each.get("fun")):
            more = each.get("args", ())
            more = tuple(more) if isinstance(more, (tuple, list)) else (more,)
            jac = each.get("jac")
            fun = boundary.function(each["fun"], more, tracked=jac is True)
            found.append({**each, "fun": fun, "jac": boundary.derivative(jac, more)})
        elif callable(getattr(each, "fun", None)) and not hasattr(each, "A"):
            hess: Any = getattr(each, "hess", None)
            found.append(
                SimpleNamespace(
                    fun=boundary.function(each.fun),
                    jac=boundary.derivative(each.jac),
                    hess=boundary.function(hess, (), 1, tracked=True) if _is_given(hess) else hess,
                )
            )
        else:
            found.append(each)
    return tuple(found)


def _with_notes(report: Report, left: Sequence[str]) -> Report:
    from dataclasses import replace

    return replace(report, notes=(*report.notes, *left))


def _of_objective(
    fun: Any,
    x0: Any,
    jac: Any,
    hess: Any,
    hessp: Any,
    residuals: Any,
    bounds: Any,
    args: Sequence[Any],
    options: dict[str, Any],
    left: list[str],
    kept: PartedJournal | None,
) -> Iterator[_Part]:
    """The gradient of the objective, or the Jacobian of residuals, and the Hessian."""
    if fun is None:
        return
    if not _is_given(jac):
        if jac is not None and jac is not False:
            left.append(f"jac={jac!r} is computed by differences: not checked")
        if _is_given(hess) or hessp is not None:
            raise SubjectError(
                "hess or hessp is passed without jac: a Hessian is compared with differences of the "
                "gradient, so pass jac as well"
            )
        return
    value = fun(_copy(x0), *args)
    value = value[0] if jac is True else value
    if np.size(plain_list(value)) > 1:
        if hessp is not None or hess is not None:
            raise SubjectError(
                f"{'hess' if hess is not None else 'hessp'} is passed, but fun returns {np.size(plain_list(value))} "
                "numbers: residuals have a Jacobian; pass the sum of their squares as fun to check a Hessian"
            )
        yield _Part("jac: ", check_jacobian(fun, jac, x0, args=args, bounds=bounds, **options, **_part(kept, "jac")))
        return
    scalar, gradient = _scalar(fun, jac), jac if jac is True else _flat(jac)
    if hess is not None and not _is_given(hess):
        left.append(f"hess={hess if isinstance(hess, str) else type_name(hess)} is an approximation: not checked")
        hess = None
    if hess is None and hessp is None:
        found = check_gradients(scalar, gradient, x0, args=args, bounds=bounds, **options, **_part(kept, "jac"))
        yield _Part("jac: ", found)
        return
    first = True
    for label, each, product in (("hess: ", hess, None), ("hessp: ", None, hessp)):
        if each is None and product is None:
            continue
        report = check_hessian(
            scalar if first else None,
            _flat(_gradient(fun, jac)) if not first else gradient,
            each,
            x0,
            hessp=product,
            residuals=residuals,
            args=args,
            bounds=bounds,
            **options,
            **_part(kept, label.rstrip(": ")),
        )
        yield from _split(report, label)
        first = False


def _split(report: Report, label: str) -> Iterator[_Part]:
    """The report of a Hessian as one of the gradient and one of the Hessian."""
    from dataclasses import replace

    grads = {name.removeprefix("grad "): block for name, block in report.blocks.items() if name.startswith("grad ")}
    rest = {name: block for name, block in report.blocks.items() if not name.startswith("grad ")}
    about_grad = [f for f in report.findings if any(name.startswith("grad ") for name in f.blocks)]
    about_rest = [f for f in report.findings if f not in about_grad]
    from gradcheck.verdicts.maps.result import worst_of

    if grads:
        cleaned = tuple(
            replace(f, where=f.where.removeprefix("grad "), blocks=tuple(n.removeprefix("grad ") for n in f.blocks))
            for f in about_grad
        )
        yield _Part(
            "jac: ",
            replace(
                report,
                blocks=grads,
                findings=cleaned,
                notes=(),
                evaluations=0,
                gradients=0,
                seconds=0.0,
                verdict=worst_of([block.verdict for block in grads.values()]),
            ),
        )
    hessian = worst_of([block.verdict for block in rest.values()])
    if report.verdict is not worst_of([block.verdict for block in report.blocks.values()]):
        hessian = report.verdict
    yield _Part(label, replace(report, blocks=rest, findings=tuple(about_rest), verdict=hessian))


def _part(kept: PartedJournal | None, name: str) -> dict[str, Any]:
    """The option of the journal of one derivative."""
    return {} if kept is None else {"journal": kept.part(name)}


def _of_constraints(
    constraints: Any, x0: Any, bounds: Any, options: dict[str, Any], left: list[str], kept: PartedJournal | None
) -> Iterator[_Part]:
    """Jacobians and Hessians of constraints."""
    if isinstance(constraints, Mapping) or hasattr(constraints, "lb"):
        constraints = (constraints,)
    for number, constraint in enumerate(constraints or ()):
        label = f"constraints[{number}]"
        if isinstance(constraint, Mapping):
            if "fun" not in constraint:
                raise SubjectError(f"{label} has no key 'fun': a constraint is a dict with type, fun and jac")
            more = constraint.get("args", ())
            if not _is_given(constraint.get("jac")):
                left.append(f"{label} has no jac: not checked")
                continue
            own = {**options, **_part(kept, f"{label}.jac")}
            found = check_jacobian(constraint["fun"], constraint["jac"], x0, args=more, bounds=bounds, **own)
            yield _Part(f"{label}.jac: ", found)
        elif hasattr(constraint, "A"):
            left.append(f"{label} is linear: its matrix is its derivative")
        elif callable(getattr(constraint, "fun", None)):
            yield from _nonlinear(constraint, label, x0, bounds, options, left, kept)
        else:
            raise SubjectTypeError(
                f"{label} is a {type_name(constraint)}: pass a dict with fun and jac, a NonlinearConstraint or a "
                "LinearConstraint"
            )


def _nonlinear(
    constraint: Any,
    label: str,
    x0: Any,
    bounds: Any,
    options: dict[str, Any],
    left: list[str],
    kept: PartedJournal | None,
) -> Iterator[_Part]:
    if not _is_given(constraint.jac):
        left.append(f"{label} has no jac: not checked")
        return
    own = {**options, **_part(kept, f"{label}.jac")}
    yield _Part(f"{label}.jac: ", check_jacobian(constraint.fun, constraint.jac, x0, bounds=bounds, **own))
    if not _is_given(getattr(constraint, "hess", None)):
        return
    count = np.size(np.asarray(plain_list(constraint.fun(_copy(x0)))))
    random = np.random.default_rng(options["rng"])
    weights = np.copysign(random.uniform(0.5, 1.0, count), random.uniform(-1.0, 1.0, count))

    def weighted(x: Any) -> Any:
        found = plain_list(constraint.jac(x))
        if isinstance(x, (dict, list, tuple)):
            leaves, structure = flatten(x, "x")
            pairs = zip(structure.leaves(found), leaves, strict=True)
            return structure.unflatten([(weights @ np.reshape(j, (count, -1))).reshape(np.shape(v)) for j, v in pairs])
        several = np.ndim(found) == 2 or hasattr(found, "tocsr")
        return np.asarray(found.T @ weights if several else found * weights[0]).ravel()

    def hessian(x: Any) -> Any:
        return constraint.hess(x, weights.copy())

    weighted.__qualname__, hessian.__qualname__ = f"{label}.jac", f"{label}.hess"
    own = {**options, **_part(kept, f"{label}.hess")}
    report = check_hessian(None, weighted, hessian, x0, bounds=bounds, **own)
    yield _Part(f"{label}.hess: ", report)


def _is_given(derivative: Any) -> bool:
    """Whether a derivative is written by hand: not a name of differences, nor an approximation that updates itself."""
    if derivative is None or derivative is False or isinstance(derivative, str):
        return False
    return derivative is True or callable(derivative) or isinstance(derivative, np.ndarray) or _is_matrix(derivative)


def _is_matrix(value: Any) -> bool:
    return hasattr(value, "shape") and (hasattr(value, "matvec") or hasattr(value, "tocsr"))


def _scalar(fun: Callable[..., Any], jac: Any) -> Callable[..., Any]:
    """The objective; an array of one number, as `minimize` accepts it, is that number already for a check."""
    return fun


def _gradient(fun: Callable[..., Any], jac: Any) -> Callable[..., Any]:
    if jac is not True:
        found: Callable[..., Any] = jac
        return found

    def gradient(x: Any, *args: Any) -> Any:
        return fun(x, *args)[1]

    gradient.__qualname__ = named(fun)
    return gradient


def _flat(jac: Any) -> Any:
    """A gradient that is returned as one row, as `minimize` accepts it, as a vector."""
    if not callable(jac) or inspect.isclass(jac):
        return jac

    def gradient(x: Any, *args: Any) -> Any:
        found = jac(x, *args)
        return (
            np.asarray(found).reshape(np.shape(x))
            if np.size(found) == np.size(x) and not isinstance(x, (dict, list, tuple))
            else found
        )

    gradient.__qualname__ = named(jac)
    return gradient


def _copy(x: Any) -> Any:
    return x.copy() if isinstance(x, np.ndarray) else x
