"""`gradcheck.doctor`: why the loss does not go down, and what helps."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from gradcheck._version import __version__
from gradcheck.adapters import MISSING, as_subject
from gradcheck.api import check_subject
from gradcheck.comparison import Verdict
from gradcheck.errors import SubjectError
from gradcheck.finding import Finding
from gradcheck.options import seed_of
from gradcheck.report import Report
from gradcheck.subject import Subject
from gradcheck.training.examination import Examination
from gradcheck.training.illnesses import ILLNESSES
from gradcheck.training.patient import Patient
from gradcheck.training.reading import patient_of, planned_of, regimen_of
from gradcheck.training.report import DoctorReport, trial_report
from gradcheck.training.rules import Regimen
from gradcheck.training.trials import SEEDS, STEPS, trials

#: Gets the steps done, the steps in all, and what is being tried.
Told = Callable[[int, int, str], object]


def doctor(
    target: Any,
    grad: Any = MISSING,
    x0: Any = MISSING,
    *,
    args: Sequence[Any] = (),
    batch: Sequence[Any] = (),
    step: float = 0.03,
    optimiser: Any = None,
    steps: int | None = None,
    budget: int = STEPS,
    seeds: int = SEEDS,
    rtol: float | None = None,
    rng: int | np.random.Generator | np.random.SeedSequence | None = None,
    progress: bool | Told = False,
    plots: str | Path | None = None,
) -> DoctorReport:
    """Say why a loss does not go down although its gradient is right, and what helps.

    Parameters
    ----------
    target, grad, x0, args, batch
        As for `check_gradients`; or the path of a script, whose step and optimiser are read from its update.
    step : float
        Step size of gradient descent. Ignored if there is an `optimiser`, or for a script.
    optimiser : object, optional
        Has ``step(params, grads)``, as the optimisers of `gradcheck.nn` do; a copy of it is used.
    steps : int, optional
        Steps that the training takes, by default 10,000; those of a script are read from its loop.
    budget : int
        Steps of each trial; 0 tries nothing.
    seeds : int
        Runs of each remedy.
    rtol : float, optional
        Of the check of the gradient.
    rng : int, numpy.random.Generator, SeedSequence or None
        Fixes all that is random. The report says which seed it was.
    progress : bool or callable
        Show a progress bar of the trials on standard error; a callable gets the steps done, those in all, and the name
        of what is being tried.
    plots : path, optional
        A folder for the pictures, as SVG and PNG (with matplotlib).

    Returns
    -------
    DoctorReport
        True if the gradient is right and nothing was found.

    Raises
    ------
    SubjectError, SubjectTypeError
        If the arguments cannot be used as they are; the message says what to change.

    Notes
    -----
    The gradient is checked first. If it is wrong the report says so and ends there: nothing can be told of a training
    that follows it. See docs/doctor.md for the findings, their numbers and where their thresholds come from.

    Examples
    --------
    Plain descent on a parabola, with a step that is too long for its curvature of 2:

    >>> import numpy as np
    >>> import gradcheck
    >>> report = gradcheck.doctor(lambda x: float(x @ x), lambda x: 2 * x, np.ones(3), step=1.1, budget=100, rng=0)
    >>> [finding.slug for finding in report.findings]
    ['step-too-large']
    """
    if isinstance(target, (str, Path)) and Path(target).suffix in (".py", ".ipynb"):
        from gradcheck.target import existing
        from gradcheck.training.program import doctor_program

        return doctor_program(
            existing(target),
            rng=rng,
            rtol=rtol,
            steps=steps,
            budget=budget,
            seeds=seeds,
            progress=progress,
            plots=plots,
        )
    read = as_subject(target, grad, x0, args=args, batch=batch)
    return doctor_subject(
        read,
        step=step,
        optimiser=optimiser,
        steps=steps,
        budget=budget,
        seeds=seeds,
        rtol=rtol,
        rng=rng,
        progress=progress,
        plots=plots,
    )


def doctor_subject(
    read: Subject,
    *,
    step: float = 0.03,
    optimiser: Any = None,
    steps: int | None = None,
    budget: int = STEPS,
    seeds: int = SEEDS,
    rtol: float | None = None,
    rng: int | np.random.Generator | np.random.SeedSequence | None = None,
    progress: bool | Told = False,
    plots: str | Path | None = None,
) -> DoctorReport:
    """Examine a subject; the options are those of `doctor`."""
    regimen, seed = regimen_of(step, optimiser), seed_of(rng)
    planned_of(steps)
    refuse(budget, seeds)
    checked = check_subject(read, rtol=rtol, rng=seed)
    patient = patient_of(read, regimen, steps)
    return examined(patient, checked, seed, budget=budget, seeds=seeds, progress=progress, plots=plots)


def refuse(budget: int, seeds: int) -> None:
    """Refuse numbers that make no trial."""
    if isinstance(budget, bool) or not isinstance(budget, (int, np.integer)) or budget < 0:
        raise SubjectError(f"budget is {budget!r}: pass the steps of each trial, for example 1000, or 0 for no trials")
    if isinstance(seeds, bool) or not isinstance(seeds, (int, np.integer)) or seeds < 1:
        raise SubjectError(f"seeds is {seeds!r}: pass the number of runs of each remedy, for example 3")


def examined(
    patient: Patient,
    checked: Report,
    seed: int,
    *,
    budget: int = STEPS,
    seeds: int = SEEDS,
    progress: bool | Told = False,
    plots: str | Path | None = None,
) -> DoctorReport:
    """The report on a patient whose gradient has been checked."""
    began = time.perf_counter()
    report = _unexamined(patient, checked, seed)
    if checked.verdict is Verdict.FAIL:
        return report
    with warnings.catch_warnings(), np.errstate(all="ignore"), patient.subject.session():
        warnings.simplefilter("ignore", RuntimeWarning)  # remedies may diverge; that is what is to be seen
        examination = Examination(patient, np.random.default_rng(seed))
        findings = (*patient.suspicions, *findings_of(examination))
        tried = []
        if findings or examination.held_up:
            with _listener(progress) as told:
                tried = trials(patient, seed, steps=budget, seeds=seeds, told=told)
        course = examination.course
        report = replace(
            report,
            findings=findings,
            walked=course.steps[-1],
            began=course.start,
            ended=course.end,
            trials=tuple(map(trial_report, tried)),
            courses=tuple(tried),
            course=course,
            notes=(*report.notes, *_notes(examination, findings)),
            evaluations=patient.losses,
            gradients=patient.gradients,
            seconds=time.perf_counter() - began + checked.seconds,
        )
        if plots is not None:
            from gradcheck.reports.doctor_plots import save
            from gradcheck.training.pictures import pictures

            written = save(pictures(examination, tried, Path(report.target).name), Path(plots))
            report = replace(report, notes=(*report.notes, f"pictures: {', '.join(written)}"))
    return report


def findings_of(examination: Examination) -> tuple[Finding, ...]:
    """What ails the training, causes before effects."""
    found: list[Finding] = []
    for illness in ILLNESSES:
        slugs = {finding.slug for finding in found}
        if slugs & {illness.slug, *illness.unless}:
            continue
        finding = illness.find(examination)
        if finding is not None:
            found.append(finding)
    return tuple(found)


def _unexamined(patient: Patient, checked: Report, seed: int) -> DoctorReport:
    regimen = patient.regimen
    return DoctorReport(
        version=__version__,
        target=checked.target,
        gradient=checked,
        findings=patient.suspicions,
        regimen=_told(regimen),
        step=None if regimen is None else regimen.step,
        planned=patient.planned,
        walked=0,
        began=checked.loss,
        ended=checked.loss,
        trials=(),
        notes=(),
        seed=seed,
        evaluations=patient.losses,
        gradients=patient.gradients,
        seconds=checked.seconds,
    )


def _told(regimen: Regimen | None) -> str:
    return "an update that was not understood" if regimen is None else f"{regimen.name}, step {regimen.step:g}"


def _notes(examination: Examination, findings: Sequence[Finding]) -> list[str]:
    """What was seen, and is no finding."""
    notes = []
    if examination.patient.regimen is None:
        notes.append("How the parameters are changed was not understood: only the loss and its gradient were examined")
    if examination.held_up and examination.at_chance and not findings:
        notes.append(
            f"The loss is that of a constant answer, {examination.chance}, and bends down nowhere: the model can do no "
            "better on these data"
        )
    return notes


def _listener(progress: bool | Told) -> Any:
    if progress is True:
        from gradcheck.progress import counter

        return counter("trials")
    return nullcontext(progress or None)
