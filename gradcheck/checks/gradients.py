"""`check_gradients` and `assert_gradients`: compare a claimed gradient with finite differences."""

from __future__ import annotations

import os
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np

from gradcheck._version import __version__
from gradcheck.checks.methods import (
    budget_beside,
    refuse_with_method,
    require_budget,
    require_function,
    require_method,
    share_of,
)
from gradcheck.checks.observers import notify_observers, quiet
from gradcheck.checks.options import Workers, accuracy_of, budget_of, journal_of, mapping_of, seed_of, tolerance_of
from gradcheck.checks.progress import progress_callback
from gradcheck.diagnosis.finding import Finding
from gradcheck.errors import SubjectTypeError
from gradcheck.probes.evaluator import Evaluator, Progress
from gradcheck.probes.tightened import TightenedLoss
from gradcheck.reports.build import report_of
from gradcheck.reports.report import Report
from gradcheck.subjects.convert import MISSING, as_subject
from gradcheck.subjects.selection import Wrt
from gradcheck.subjects.subject import Subject
from gradcheck.verdicts.checker import CheckOptions, check
from gradcheck.verdicts.result import CheckResult
from gradcheck.verdicts.shrinking import shrinking, shrinking_run
from gradcheck.verdicts.verdict import Verdict

if TYPE_CHECKING:
    from gradcheck.checks.lines import LocatedFindings
    from gradcheck.verdicts.curve import StepGap


class GradientMismatch(AssertionError):
    """Raised for a gradient that did not pass; holds the report.

    Attributes
    ----------
    report : Report
    block : str or None
        The block that the report is about; None for all blocks.
    """

    def __init__(self, report: Report, block: str | None = None) -> None:
        super().__init__(report, block)
        self.report = report if block is None else report.of_block(block)
        self.block = block
        self._one_line = False

    def __str__(self) -> str:
        return self.report.line if self._one_line else str(self.report)

    def shorten(self) -> None:
        """Make the message one line, for a reader who sees the report elsewhere."""
        self._one_line = True


#: Tracebacks name the public module.
GradientMismatch.__module__ = "gradcheck"


def check_gradients(
    target: Any,
    grad: Any = MISSING,
    x0: Any = MISSING,
    *,
    args: Sequence[Any] = (),
    batch: Any = (),
    loss: Callable[..., Any] | None = None,
    wrt: Wrt = None,
    bounds: Any = None,
    rtol: float | None = None,
    rng: int | np.random.Generator | np.random.SeedSequence | None = None,
    budget: int | None = None,
    entries: bool = False,
    workers: Workers = None,
    progress: bool | Progress = False,
    loss_accuracy: float | None = None,
    diagnose: bool = True,
    method: Literal["gradcheck", "textbook", "taylor", "complex", "jax"] = "gradcheck",
    retract: Callable[[Any, Any], Any] | None = None,
    project: Callable[[Any, Any], Any] | None = None,
    journal: str | os.PathLike[str] | None = None,
) -> Report:
    """Compare a hand-written gradient with central finite differences.

    Parameters
    ----------
    target : model, layer, torch.nn.Module, callable or Subject
        A model has a mapping `params` (or `parameters`) of arrays and a method ``loss(*batch)`` that returns
        ``(loss, gradients)``, or ``loss(*batch)`` with ``gradient(*batch)`` (also `gradients`, `grad`, `backward`). A
        layer of `gradcheck.nn`, or from `as_layer`, is checked for a random upstream gradient. Of a module of PyTorch
        its own backward pass is the claim. A callable ``target(x, *args)`` returns the loss at `x`.
    grad : callable, True, None, or array or nesting of arrays, optional
        ``grad(x, *args)`` returns the gradient, nested and shaped like `x`. True if `target` returns
        ``(loss, gradient)``. An array, or a nesting of arrays, is the gradient at `x0`; then no other point is checked.
        None is the gradient that PyTorch (`torch.autograd.grad`) or JAX (`jax.grad`) computes of a function of its own
        arrays. Within a nesting None claims that the gradient of one parameter is zero. Axes of length one may be
        missing or added. Of complex parameters it is the derivative with respect to the real part, plus i times that
        with respect to the imaginary part, as in PyTorch.
    x0 : array of floats or any nesting of dict, list, tuple of them, optional
        The point to check at, in arrays of NumPy, or of PyTorch or JAX: then `target` and `grad` get and return arrays
        of that kind. Leaves that are not floats, such as integers and flags, are left alone. A tuple is passed as
        ``target(*x0)`` if `target` takes several arguments.
    args : sequence
        Further arguments of `target` and `grad`. What a call writes into them is undone, and reported.
    batch : sequence, or mapping
        Arguments of a model's methods, as for `args`; ``(X,)`` with the input of a layer. Of a module its arguments and
        those of its loss, ``(x, y)``; a mapping has keyword arguments of the module alone.
    loss : callable, optional
        Of what a module returns: ``loss(output, y)`` is one number, as that of ``torch.nn.MSELoss()``. Without it the
        module is checked for a random upstream gradient, also with respect to the tensors of floats in the batch.
    wrt : str or iterable of str, optional
        Names of the parameters to check, or the beginnings of names: ``"layers.0"`` stands for all parameters of that
        layer. The notes of the report list the others as not checked. By default all are checked.
    bounds : sequence of (low, high), or scipy.optimize.Bounds, optional
        One pair for each entry of `x0`; None is no bound. No point outside is evaluated. Where `x0` lies on a bound,
        the check is made at a point a little inside, and noted.
    rtol : float, optional
        Tolerated error of an entry, relative to that entry. By default 5e-5, for float32 parameters 1e-2, for narrower
        ones 0.2.
    rng : int, numpy.random.Generator, SeedSequence or None
        Source of the random directions and the generic point. `seed` of the report reproduces them.
    budget : int, optional
        Largest number of evaluations of the loss, by default 2000. A passing check takes about 19, whatever the number
        of parameters. A failing one takes more, to locate the wrong entries.
    entries : bool
        Also measure each entry on its own.
    workers : int, map-like callable, executor or Dask client, optional
        Evaluate a function at several points at once: a number of processes (needs joblib), a function like `map`, or
        an object that has one, such as a `concurrent.futures.ThreadPoolExecutor`.
    progress : bool or callable
        Show a progress bar on standard error. A callable is called with the number of evaluations and the stage.
    loss_accuracy : float, optional
        Relative accuracy of loss and gradient, where solvers or integrators inside them stop early: a gradient that
        agrees to that part of its norm passes. 0 says that the loss is exact to rounding. By default a small gap that
        is spread over the entries of a block, and that no known mistake explains, is undecided.
    diagnose : bool
        Whether a wrong gradient is diagnosed; if not, the check stops at the verdict, and takes fewer evaluations.
    method : {'gradcheck', 'textbook', 'taylor', 'complex', 'jax'}
        ``'textbook'`` is the check as lectures teach it, for comparison: two-sided differences with a step of 1e-4 in
        every entry, and one ratio of norms. It has thresholds of its own: `rtol`, `entries`, `loss_accuracy` and
        `journal` are refused. The others are those of `check_jacobian`, a second witness, which adds a note:
        ``'taylor'`` for anything, ``'complex'`` and ``'jax'`` for a function with its gradient. The budget covers it.
    retract : callable, optional
        ``retract(x, v)`` returns the point of a manifold that is reached from `x` along the tangent `v`, such as
        ``(x + v) / norm(x + v)`` on a sphere. The gradient is then compared along curves on the manifold alone.
    project : callable, optional
        ``project(x, v)`` returns the tangent nearest to `v`. Without `retract` the manifold is a linear space, such as
        that of symmetric matrices. That the claimed gradient is tangent is checked as well, and noted. The metric is
        that of the space around the manifold.
    journal : str or os.PathLike, optional
        A file for evaluations that take long. If the check is cut short, the same call reads them from it, with the
        seed that they were made with, and goes on. The file of a check that has ended is started anew.

    Returns
    -------
    Report
        True if the gradient passed. ``report.verdict.value`` is ``'pass'``, ``'fail'`` or ``'undecided'``.

    Raises
    ------
    SubjectError, SubjectTypeError
        If the arguments cannot be checked; the message says what to change. Exceptions that the user's functions raise
        at the point itself are passed on.

    Notes
    -----
    The loss is differentiated along random directions by Richardson-extrapolated central differences. Their error bar
    covers truncation and the measured noise of the loss [1]_. The verdict is `fail` only if the gap between claimed and
    numerical derivative exceeds the error bar, and also exceeds `rtol` relative to the entries that cause it. It is
    `pass` only if the error bar is small enough to show such a gap. Otherwise it is `undecided`.

    References
    ----------
    .. [1] J. J. Moré and S. M. Wild, Estimating Computational Noise, SIAM J. Sci. Comput. 33 (2011), 1292-1314.

    Examples
    --------
    >>> import numpy as np
    >>> import gradcheck
    >>> def loss(x):
    ...     return np.sum(np.log(np.cosh(x)))
    >>> x = np.linspace(-1, 2, 7)
    >>> gradcheck.check_gradients(loss, np.tanh, x, rng=0).verdict.value
    'pass'
    >>> gradcheck.check_gradients(loss, lambda x: 1 - np.tanh(x) ** 2, x, rng=0).verdict.value
    'fail'
    """
    if retract is not None or project is not None:
        from gradcheck.subjects.retraction import refuse_with_retraction

        refuse_with_retraction(
            bounds=bounds is not None,
            journal=journal is not None,
            wrt=wrt is not None,
            batch=not isinstance(batch, (tuple, list)) or len(batch) > 0,
            loss=loss is not None,
            method=method != "gradcheck",
        )
        return _on_manifold(
            target,
            grad,
            x0,
            args,
            retract,
            project,
            rtol=rtol,
            rng=rng,
            budget=budget,
            entries=entries,
            workers=workers,
            progress=progress,
            loss_accuracy=loss_accuracy,
            diagnose=diagnose,
        )
    subject = as_subject(target, grad, x0, args=args, batch=batch, loss=loss, wrt=wrt, bounds=bounds)
    return check_subject(
        subject,
        rtol=rtol,
        rng=rng,
        budget=budget,
        entries=entries,
        workers=workers,
        progress=progress,
        loss_accuracy=loss_accuracy,
        diagnose=diagnose,
        method=method,
        journal=journal,
    )


def _on_manifold(
    fun: Any,
    grad: Any,
    x0: Any,
    args: Sequence[Any],
    retract: Callable[[Any, Any], Any] | None,
    project: Callable[[Any, Any], Any] | None,
    **options: Any,
) -> Report:
    """Check a gradient along curves on a manifold, at the point and at another one."""
    from gradcheck.checks.manifold import joined, manifold_subjects, not_tangent
    from gradcheck.subjects.frameworks.boundary import Boundary
    from gradcheck.subjects.given_gradient import gradient_of_library
    from gradcheck.subjects.retraction import retraction_of

    if grad is MISSING or x0 is MISSING:
        raise SubjectTypeError(
            "retract and project are for the parameters x0 of a function: check_gradients(fun, grad, x0, retract=...)"
        )
    args = tuple(args) if isinstance(args, (tuple, list)) else (args,)
    boundary = Boundary(x0)
    seed, retraction = seed_of(options.pop("rng")), retraction_of(boundary.step(retract), boundary.step(project))
    assert retraction is not None
    grad = gradient_of_library(boundary, fun, args) if grad is None else boundary.derivative(grad, args)
    fun, x0 = (boundary.function(fun, args) if callable(fun) else fun), boundary.x0
    subjects = manifold_subjects(fun, grad, x0, args, retraction, np.random.default_rng(seed))
    with quiet():
        off = not_tangent(grad, retraction, x0, args, tolerance_of(options["rtol"], subjects[0]))
        limit, checks = budget_of(options["budget"]), len(subjects) + (off is not None)
        require_budget(limit, "gradcheck", checks, f"on a manifold a gradient takes {checks} checks")
        reports = list[Report]()
        for subject in subjects if off is None else [*subjects, as_subject(fun, grad, x0, args=args)]:
            left = limit - sum(report.evaluations for report in reports)
            options["budget"] = share_of(left, checks - len(reports) - 1)
            reports.append(check_subject(subject, rng=seed, **options))
        around = None if off is None else reports.pop()
    report = joined(reports, off, around)
    notify_observers(report)
    return report


def check_subject(
    subject: Subject,
    *,
    rtol: float | None = None,
    rng: int | np.random.Generator | np.random.SeedSequence | None = None,
    budget: int | None = None,
    entries: bool = False,
    workers: Workers = None,
    progress: bool | Progress = False,
    loss_accuracy: float | None = None,
    diagnose: bool = True,
    method: str = "gradcheck",
    curves: bool = False,
    journal: str | os.PathLike[str] | None = None,
) -> Report:
    """Check a subject; the options are those of `check_gradients`, and whether errors against steps are measured."""
    require_method(method, textbook=not subject.is_map)
    require_function(method, subject)
    refuse_with_method(
        method,
        rtol=rtol is not None,
        entries=bool(entries),
        loss_accuracy=loss_accuracy is not None,
        journal=journal is not None,
    )
    if subject.is_map:
        from gradcheck.checks.maps.adjointness import adjointness
        from gradcheck.checks.maps.run import MapOptions, run_map_check
        from gradcheck.subjects.maps.map_subject import MapSubject

        assert isinstance(subject, MapSubject)
        of_map = MapOptions(
            rtol, rng, budget, entries, progress, loss_accuracy, diagnose, None, workers, journal, method
        )
        return run_map_check(subject, of_map, kind="jacobian", more=(adjointness,))
    if method == "textbook":
        from gradcheck.checks.textbook import textbook

        report = textbook(subject, seed=seed_of(rng), budget=budget, workers=workers, progress=progress)
        notify_observers(report)
        return report
    seed, tolerance, limit = seed_of(rng), tolerance_of(rtol, subject), budget_beside(method, budget)
    verdict_only = shrinking() or not diagnose
    options = CheckOptions(tolerance, entries, verdict_only, accuracy_of(loss_accuracy))
    started = time.perf_counter()
    with (
        mapping_of(workers, subject) as mapper,
        progress_callback(progress, subject.name, limit) as callback,
        journal_of(journal, subject, seed) as kept,
    ):
        seed = seed if kept is None or rng is not None else kept.seed
        evaluator = Evaluator(subject, limit, callback, mapper, kept)
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore", RuntimeWarning)  # steps that leave the domain give NaN
            rng = np.random.default_rng(seed)
            with evaluator.reserving(limit // 2 if subject.has_constants else 0):
                found = _check(evaluator, options, rng)
            before = None
            if subject.disturbed:
                before, evaluator = evaluator, Evaluator(subject, limit, callback, mapper, kept)
                rng = np.random.default_rng(seed)
                found = _check(evaluator, options, rng)
            if found.verdict is not Verdict.PASS:
                from gradcheck.verdicts.constants import recognised_constants
                from gradcheck.verdicts.tangent import recognised_tangents

                found = recognised_tangents(evaluator, found, tolerance, rng)
                found = recognised_constants(evaluator, found, tolerance, rng)
            found, findings = _with_findings(evaluator, found, options, rng)
            located = _with_lines(evaluator, found, findings, options, rng)
            measured = _curves(evaluator, found) if curves else {}
            witness = _witness(evaluator, found, method, seed, tolerance)
    report = report_of(
        found,
        located.findings if located else findings,
        version=__version__,
        target=subject.name,
        seed=seed,
        rtol=tolerance,
        seconds=time.perf_counter() - started,
        evaluations=evaluator.losses + (before.losses if before else 0) + witness.evaluations,
        gradients=evaluator.gradients + (before.gradients if before else 0) + witness.gradients,
        curves=measured,
    )
    if witness.note:
        report = replace(report, notes=(*report.notes, witness.note))
    if located is not None and located.lines:
        report = replace(report, lines=located.lines, sources=located.sources or {})
    notify_observers(report)
    return report


def _check(evaluator: Evaluator, options: CheckOptions, rng: np.random.Generator) -> CheckResult:
    return check(
        evaluator,
        options,
        rng,
        partial(_exact_blocks, evaluator, rng),
        partial(_loss_iterates, evaluator),
        partial(_tightened_loss, evaluator),
    )


def _tightened_loss(evaluator: Evaluator) -> TightenedLoss | None:
    """The loss with smaller tolerances; the recorder is loaded only where the gradient does not pass."""
    from gradcheck.checks.tightened import tightened_loss

    return tightened_loss(evaluator)


def _loss_iterates(evaluator: Evaluator) -> bool:
    """Whether a recording shows a solver in the loss; the recorder is loaded only where a gap may be that of one."""
    from gradcheck.checks.exact import loss_iterates

    return loss_iterates(evaluator)


class _Witness(NamedTuple):
    """What a second witness adds to a report."""

    note: str = ""
    evaluations: int = 0
    gradients: int = 0


def _witness(evaluator: Evaluator, found: CheckResult, method: str, seed: int, rtol: float) -> _Witness:
    """The note of a second witness, with the calls that the evaluator did not count."""
    if method == "gradcheck" or shrinking():
        return _Witness()
    from gradcheck.checks.maps.witnesses import witness_of_loss

    return _Witness(*witness_of_loss(evaluator, found.noise, method, seed, rtol))


def _exact_blocks(evaluator: Evaluator, rng: np.random.Generator) -> frozenset[int]:
    """The blocks whose claim is a recorded derivative; the recorder is loaded only where differences do not decide."""
    from gradcheck.checks.exact import exact_blocks

    return exact_blocks(evaluator, rng)


def _curves(evaluator: Evaluator, found: CheckResult) -> dict[str, tuple[StepGap, ...]]:
    from gradcheck.checks.curves import measured_curves  # for reports with pictures alone

    return measured_curves(evaluator, found)


def _with_lines(
    evaluator: Evaluator,
    found: CheckResult,
    findings: tuple[Finding, ...],
    options: CheckOptions,
    rng: np.random.Generator,
) -> LocatedFindings | None:
    """The lines of a check that fails; the recorder is loaded only then."""
    if found.verdict is not Verdict.FAIL or options.verdict_only:
        return None
    from gradcheck.checks.lines import with_lines

    return with_lines(evaluator, found, findings, options.rtol, rng)


def _with_findings(
    evaluator: Evaluator, found: CheckResult, options: CheckOptions, rng: np.random.Generator
) -> tuple[CheckResult, tuple[Finding, ...]]:
    """A check, and its findings. The catalogue of mistakes is loaded only if there is something to diagnose."""
    if options.verdict_only and any(b.verdict is Verdict.UNDECIDED and b.spread is not None for b in found.blocks):
        exact = _is_exact(evaluator, found, options, rng)
        return (check(evaluator, replace(options, loss_accuracy=0.0), rng) if exact else found), ()
    if (found.verdict is not Verdict.FAIL and not found.observations) or options.verdict_only:
        return found, ()
    from gradcheck.diagnosis.accuracy import settled
    from gradcheck.diagnosis.attribution import locate_faults
    from gradcheck.diagnosis.findings import findings_of
    from gradcheck.recording.settings import RECORDING

    with evaluator.reserving(RECORDING.least_budget):
        faults = locate_faults(
            evaluator,
            found,
            options.rtol,
            rng,
            loss_accuracy=options.loss_accuracy,
            iterates=partial(_loss_iterates, evaluator),
        )
    decided, left = settled(found, faults)
    if decided is found or not _is_exact(evaluator, found, options, rng):
        return decided, findings_of(decided, left)
    blocks = tuple(block if block.spread is None else replace(block, spread=None, note="") for block in found.blocks)
    found = replace(found, blocks=blocks)
    return found, findings_of(found, faults)


def _is_exact(evaluator: Evaluator, found: CheckResult, options: CheckOptions, rng: np.random.Generator) -> bool:
    """Whether a recording shows that the loss is exact to rounding; the recorder is loaded only to tell."""
    if options.loss_accuracy is not None or evaluator.subject.original.only_here:
        return False
    from gradcheck.checks.lines import loss_is_exact

    return loss_is_exact(evaluator, found, options.rtol, rng)


def assert_gradients(target: Any, grad: Any = MISSING, x0: Any = MISSING, **options: Any) -> Report:
    """Raise unless the gradient passes.

    Parameters
    ----------
    target, grad, x0, **options
        As for `check_gradients`.

    Returns
    -------
    Report

    Raises
    ------
    GradientMismatch
        An `AssertionError` whose message is the report, also available as its attribute `report`. An undecided check
        raises it too. While Hypothesis shrinks an example, a check ends at the first wrong block and its report has no
        findings; the report of the final example is complete.
    """
    __tracebackhide__ = True
    with shrinking_run():
        report = check_gradients(target, grad, x0, **options)
    if not report:
        raise GradientMismatch(report)
    return report
