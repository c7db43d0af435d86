"""`check_gradients` and `assert_gradients`."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Literal

import numpy as np

from gradcheck._version import __version__
from gradcheck.checks.observers import told
from gradcheck.checks.options import budget_of, mapping_of, seed_of, tolerance_of
from gradcheck.diagnosis.finding import Finding
from gradcheck.errors import SubjectError, SubjectTypeError
from gradcheck.probes.budget import Effort, Progress
from gradcheck.reports.build import report_of
from gradcheck.reports.report import Report
from gradcheck.subjects.convert import MISSING, as_subject
from gradcheck.subjects.subject import Subject
from gradcheck.verdicts.checker import check
from gradcheck.verdicts.result import Check
from gradcheck.verdicts.shrinking import rehearsal, unread
from gradcheck.verdicts.verdict import Verdict


class GradientMismatch(AssertionError):
    """A gradient that did not pass, with the report.

    Attributes
    ----------
    report : Report
    block : str or None
        The block that this is about; None if it is about all.
    brief : bool
        Whether one line is enough, because the report is shown elsewhere.
    """

    def __init__(self, report: Report, block: str | None = None) -> None:
        super().__init__(report, block)
        self.report = report if block is None else report.of_block(block)
        self.block = block
        self.brief = False

    def __str__(self) -> str:
        return self.report.line if self.brief else str(self.report)


#: As tracebacks should name it: where users find it.
GradientMismatch.__module__ = "gradcheck"


def check_gradients(
    target: Any,
    grad: Any = MISSING,
    x0: Any = MISSING,
    *,
    args: Sequence[Any] = (),
    batch: Sequence[Any] = (),
    rtol: float | None = None,
    rng: int | np.random.Generator | np.random.SeedSequence | None = None,
    budget: int | None = None,
    entries: bool = False,
    workers: int | Callable[..., Iterable[Any]] | None = None,
    progress: bool | Progress = False,
    method: Literal["gradcheck", "textbook"] = "gradcheck",
) -> Report:
    """Compare a hand-written gradient with central finite differences.

    Parameters
    ----------
    target : model, callable or Subject
        A model has a mapping `params` (or `parameters`) of arrays and a method ``loss(*batch)`` that returns
        ``(loss, gradients)``, or ``loss(*batch)`` with ``gradient(*batch)`` (also `gradients`, `grad`, `backward`). A
        callable ``target(x, *args)`` returns the loss at `x`.
    grad : callable or True, optional
        ``grad(x, *args)`` returns the gradient, nested and shaped like `x`. True if `target` returns
        ``(loss, gradient)``.
    x0 : array of floats or any nesting of dict, list, tuple of them, optional
        The point to check at.
    args : sequence
        Further arguments of `target` and `grad`.
    batch : sequence
        Arguments of a model's methods.
    rtol : float, optional
        An error of one entry relative to that entry that is tolerated. By default 5e-5, for float32 parameters 1e-2,
        for narrower ones 0.2.
    rng : int, numpy.random.Generator, SeedSequence or None
        Fixes the random directions and the generic point (SPEC 7). The report says which seed it was.
    budget : int, optional
        Evaluations of the loss that may be spent, by default 2000. A passing check takes about 33, whatever the number
        of parameters; a failing one takes more to find the entries.
    entries : bool
        Measure every entry one by one as well.
    workers : int or map-like callable, optional
        Evaluate a function at several points at once: a number of processes (with joblib), or a `map`.
    progress : bool or callable
        Show a progress bar on standard error; a callable gets the number of evaluations and what is being done.
    method : {'gradcheck', 'textbook'}
        ``'textbook'`` is the check of the lectures: two-sided differences with a step of 1e-4 in every entry and one
        ratio of norms, for comparison.

    Returns
    -------
    Report
        True if the gradient passed. ``report.verdict.value`` is ``'pass'``, ``'fail'`` or ``'undecided'``.

    Raises
    ------
    SubjectError, SubjectTypeError
        If the arguments cannot be checked as they are; the message says what to change. What the user's own functions
        raise at the point itself is passed on.

    Notes
    -----
    The loss is differentiated along random directions with Richardson-extrapolated central differences whose error bar
    covers truncation and the measured noise of the loss [1]_. The verdict is `fail` only where the gap exceeds the
    bar and, on the scale of the very entries that cause it, `rtol`; `pass` only where the bar would have let such a gap
    be seen; else `undecided`.

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
    read = as_subject(target, grad, x0, args=args, batch=batch)
    return check_subject(
        read, rtol=rtol, rng=rng, budget=budget, entries=entries, workers=workers, progress=progress, method=method
    )


def check_subject(
    read: Subject,
    *,
    rtol: float | None = None,
    rng: int | np.random.Generator | np.random.SeedSequence | None = None,
    budget: int | None = None,
    entries: bool = False,
    workers: int | Callable[..., Iterable[Any]] | None = None,
    progress: bool | Progress = False,
    method: str = "gradcheck",
) -> Report:
    """Check a subject; the options are those of `check_gradients`."""
    if method == "textbook":
        from gradcheck.checks.textbook import textbook

        return told(textbook(read, seed=seed_of(rng), version=__version__))
    if method != "gradcheck":
        raise SubjectError(f"method is {method!r}: it is 'gradcheck' or 'textbook'")
    seed, tolerance, limit = seed_of(rng), tolerance_of(rtol, read), budget_of(budget)
    started = time.perf_counter()
    with mapping_of(workers, read) as mapper, _listener(progress, read.name, limit) as listener:
        effort = Effort(limit, listener, map=mapper, brief=unread())
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore", RuntimeWarning)  # probes may leave the domain; NaN is what they look for
            rng = np.random.default_rng(seed)
            found = check(read, tolerance, rng, effort, entries=entries)
            findings = _findings(read, found, tolerance, rng, effort)
    report = report_of(
        found,
        findings,
        version=__version__,
        target=read.name,
        seed=seed,
        rtol=tolerance,
        seconds=time.perf_counter() - started,
        evaluations=effort.losses,
        gradients=effort.gradients,
    )
    return told(report)


def _findings(
    read: Subject, found: Check, rtol: float, rng: np.random.Generator, effort: Effort
) -> tuple[Finding, ...]:
    """What is wrong and why. The catalogue is loaded where there is something to say only."""
    if (found.verdict is not Verdict.FAIL and not found.remarks) or unread():
        return ()
    from gradcheck.diagnosis.attribution import culprits
    from gradcheck.diagnosis.findings import findings_of

    return findings_of(found, culprits(read, found, rtol, rng, effort))


def _listener(progress: bool | Progress, name: str, limit: int) -> Any:
    from contextlib import nullcontext

    if not isinstance(progress, bool) and not callable(progress):
        raise SubjectTypeError(f"progress is {progress!r}: pass True, False or a callable")
    if progress is True:
        from gradcheck.checks.progress import progress_bar

        return progress_bar(name, limit)
    return nullcontext(progress or None)


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
        An `AssertionError` that shows the report, and has it as its attribute `report`. An undecided check raises, too.
        While Hypothesis shrinks an example the check ends at the first block that is wrong, and the report has no
        findings; in the end it has all.
    """
    __tracebackhide__ = True
    with rehearsal():
        report = check_gradients(target, grad, x0, **options)
    if not report:
        raise GradientMismatch(report)
    return report
