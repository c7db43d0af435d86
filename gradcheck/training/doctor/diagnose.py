"""From a patient whose gradient has been checked to the report: findings, then trials."""

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
from gradcheck.diagnosis.finding import Finding
from gradcheck.errors import SubjectError
from gradcheck.reports.report import Report
from gradcheck.training.doctor.causes import ILLNESSES
from gradcheck.training.doctor.data import DoctorReport, trial_report
from gradcheck.training.doctor.measurements import Examination
from gradcheck.training.doctor.run import Patient
from gradcheck.training.doctor.trials import SEEDS, STEPS, trials
from gradcheck.training.doctor.update_rule import Regimen
from gradcheck.verdicts.verdict import Verdict

#: Gets the steps done, the steps in all, and what is being tried.
Told = Callable[[int, int, str], object]


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
            from gradcheck.training.doctor.figures import pictures
            from gradcheck.training.doctor.plots import save

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
        from gradcheck.checks.progress import counter

        return counter("trials")
    return nullcontext(progress or None)
