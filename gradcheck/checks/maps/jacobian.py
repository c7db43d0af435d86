"""`check_jacobian`: a Jacobian (dense, sparse, an operator, nested blocks) against differences of the function."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Literal

from gradcheck.checks.maps.adjointness import adjointness
from gradcheck.checks.maps.products import check_vjp
from gradcheck.checks.maps.run import MapOptions, Rng, run_map_check
from gradcheck.checks.observers import notify_observers, quiet
from gradcheck.checks.options import Workers
from gradcheck.probes.evaluator import Progress
from gradcheck.reports.report import Report
from gradcheck.subjects.frameworks.boundary import Boundary
from gradcheck.subjects.frameworks.detection import framework_of
from gradcheck.subjects.maps.jacobian import jacobian_subject
from gradcheck.subjects.selection import Wrt


def check_jacobian(
    fun: Callable[..., Any],
    jac: Any,
    x0: Any,
    *,
    args: Sequence[Any] = (),
    wrt: Wrt = None,
    rtol: float | None = None,
    rng: Rng = None,
    budget: int | None = None,
    entries: bool = False,
    workers: Workers = None,
    progress: bool | Progress = False,
    bounds: Any = None,
    direction: Any = None,
    loss_accuracy: float | None = None,
    diagnose: bool = True,
    method: Literal["gradcheck", "taylor", "complex", "jax"] = "gradcheck",
    retract: Callable[[Any, Any], Any] | None = None,
    project: Callable[[Any, Any], Any] | None = None,
    journal: str | os.PathLike[str] | None = None,
) -> Report:
    """Compare a hand-written Jacobian with central finite differences.

    Parameters
    ----------
    fun : callable
        ``fun(x, *args)`` returns the outputs: an array, or any nesting of dict, list, tuple of arrays, real or complex.
    jac : callable, True, None, matrix, or nesting of matrices
        ``jac(x, *args)`` returns the Jacobian; a matrix is its value at `x0` alone; True if `fun` returns ``(outputs,
        jacobian)``. A matrix is an array with the shape of the output and then that of the input (or one row for each
        output and one column for each parameter), a sparse matrix of SciPy, or a `LinearOperator`. For nested outputs
        or inputs it is one matrix for all of them in their order, or the nesting of the outputs with the nesting of the
        inputs in each place, as in JAX; None in a place claims zero. None for the
        whole is what PyTorch or JAX computes of a function of its own arrays.
    x0 : array or nesting of arrays
        The point to check at; arrays of PyTorch or JAX and tuples as for `check_vjp`.
    args : sequence
        Further arguments of both functions.
    wrt : str or iterable of str, optional
        Names of the inputs to check, or the beginnings of names.
    rtol : float, optional
        Tolerated error of an entry, relative to that entry. By default 5e-5, with single precision 1e-2.
    rng : int, numpy.random.Generator, SeedSequence or None
        Source of the random cotangents and directions. `seed` of the report reproduces them.
    budget : int, optional
        Largest number of evaluations of `fun`, by default 2000. A Jacobian that is right takes about 35, whatever its
        size.
    entries : bool
        Also measure each entry on its own, as far as the budget goes.
    workers : int, map-like callable, executor or Dask client, optional
        Evaluate `fun` at several points at once, as for `check_gradients`.
    progress : bool or callable
    bounds : sequence of (low, high), or scipy.optimize.Bounds, optional
        No point outside is evaluated.
    direction : array or nesting like `x0`, optional
        Check the product with this direction alone.
    loss_accuracy : float, optional
        Relative accuracy of `fun` and `jac`, where solvers inside them stop early.
    diagnose : bool
        Whether a wrong Jacobian is diagnosed.
    method : {'gradcheck', 'taylor', 'complex', 'jax'}
        A second witness, which adds a note: the rate at which the remainders of a Taylor expansion fall, the complex
        step, or the derivative that JAX computes of a function that it can trace; along `direction` if that is given.
        The verdict is that of the check with error bars. The budget covers both.
    retract, project : callable, optional
        ``retract(x, v)`` and ``project(x, v)`` of a manifold, as for `check_gradients`: `fun` is evaluated on it alone,
        and the claim compared for tangents. One entry is then a row times the tangent nearest to a coordinate.
    journal : str or os.PathLike, optional
        A file for outputs of `fun` that take long to compute, as for `check_gradients`.

    Returns
    -------
    Report
        One block for each pair of an output and an input, with the shape of both; the index of an entry is that of the
        output, then that of the input. Where there is one output the block has the name of the input, else it is called
        ``(output, input)``.

    Raises
    ------
    SubjectError, SubjectTypeError
        If the arguments cannot be checked; the message says what to change.

    Notes
    -----
    A random cotangent u, never ones, makes a scalar function ⟨u, fun(x)⟩ of the map, with the gradient Jᵀu; that is
    checked as any gradient is. Outputs are weighed by how far they move. All outputs are known wherever `fun` was
    evaluated, so further cotangents cost nothing; they say which outputs are wrong.

    Examples
    --------
    >>> import numpy as np
    >>> import gradcheck
    >>> def fun(x):
    ...     return np.array([x[0] ** 2 + x[1], np.sin(x[1]), x[0] * x[1]])
    >>> def jac(x):
    ...     return np.array([[2 * x[0], 1], [0, np.cos(x[1])], [x[1], x[0]]])
    >>> x0 = np.array([1.2, 0.7])
    >>> gradcheck.check_jacobian(fun, jac, x0, rng=0).verdict.value
    'pass'
    >>> report = gradcheck.check_jacobian(fun, lambda x: jac(x)[[1, 0, 2]], x0, rng=0)
    >>> print(report.findings[0].message)
    rows 0 and 1 are exchanged
    """
    if jac is None and framework_of(x0) is not None:
        options_of_library: dict[str, Any] = {
            "args": args,
            "wrt": wrt,
            "rtol": rtol,
            "rng": rng,
            "budget": budget,
            "entries": entries,
            "workers": workers,
            "progress": progress,
            "bounds": bounds,
            "direction": direction,
            "loss_accuracy": loss_accuracy,
            "diagnose": diagnose,
            "method": method,
            "retract": retract,
            "project": project,
            "journal": journal,
        }
        with quiet():
            report = replace(check_vjp(fun, None, x0, **options_of_library), kind="jacobian")
        notify_observers(report)
        return report
    boundary = Boundary(x0)
    x0, direction = boundary.x0, boundary.direction(direction)
    retract, project = boundary.step(retract), boundary.step(project)
    args = tuple(args) if isinstance(args, (tuple, list)) else (args,)
    jac = boundary.derivative(jac, args)
    fun = boundary.function(fun, args, tracked=jac is True) if callable(fun) else fun
    options = MapOptions(
        rtol, rng, budget, entries, progress, loss_accuracy, diagnose, direction, workers, journal, method
    )
    if retract is not None or project is not None:
        from gradcheck.checks.maps.on_manifold import check_on_manifold, on_manifold

        refused = {"wrt": wrt is not None, "bounds": bounds is not None, "method": method != "gradcheck"}
        retraction, x, options = on_manifold(x0, retract, project, options, **refused)
        whole = jacobian_subject(fun, jac, x, args)
        return check_on_manifold(whole, retraction, options, kind="jacobian", args=args, more=(adjointness,))
    subject = jacobian_subject(fun, jac, x0, args, wrt=wrt, bounds=bounds)
    subject.hold(boundary.coarse)
    return run_map_check(subject, options, kind="jacobian", more=(adjointness,))
