"""From a training run and its checked gradient to the report: measure, find causes, run trials."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from pathlib import Path

import numpy as np

from gradcheck._version import __version__
from gradcheck.diagnosis.finding import Finding
from gradcheck.errors import SubjectError
from gradcheck.reports.report import Report
from gradcheck.training.doctor.causes import CAUSES
from gradcheck.training.doctor.data import trial_report
from gradcheck.training.doctor.figure_data import figure_data
from gradcheck.training.doctor.measurements import Measurements
from gradcheck.training.doctor.report import DoctorReport
from gradcheck.training.doctor.run import TrainingRun
from gradcheck.training.doctor.trials import DEFAULT_SEEDS, DEFAULT_STEPS, Trial, run_trials
from gradcheck.training.doctor.update_rule import UpdateRule
from gradcheck.verdicts.verdict import Verdict

#: Called with the steps done, the total number of steps, and the name of the trial.
ProgressCallback = Callable[[int, int, str], object]


def validate_trial_options(budget: int, seeds: int) -> None:
    """Reject a number of steps or of seeds that no trial can have.

    Raises
    ------
    SubjectError
    """
    if isinstance(budget, bool) or not isinstance(budget, (int, np.integer)) or budget < 0:
        raise SubjectError(
            f"budget is {budget!r}: pass the number of steps of each trial, for example 1000, or 0 for no trials"
        )
    if isinstance(seeds, bool) or not isinstance(seeds, (int, np.integer)) or seeds < 1:
        raise SubjectError(f"seeds is {seeds!r}: pass the number of runs of each trial, for example 3")


def diagnose(
    run: TrainingRun,
    checked: Report,
    seed: int,
    *,
    budget: int = DEFAULT_STEPS,
    seeds: int = DEFAULT_SEEDS,
    progress: bool | ProgressCallback = False,
    plots: str | Path | None = None,
    pictures: bool = False,
) -> DoctorReport:
    """Diagnose a training run whose gradient has been checked.

    Parameters
    ----------
    run : TrainingRun
    checked : Report
        The gradient check. If it failed, only the findings about the update itself are reported.
    seed : int
    budget, seeds, progress, plots
        As for `gradcheck.doctor`.
    pictures : bool
        Whether all that the plots show is measured, also if no plots are written.
    """
    began = time.perf_counter()
    report = _gradient_report(run, checked, seed)
    if checked.verdict is Verdict.FAIL:
        return report
    with warnings.catch_warnings(), np.errstate(all="ignore"), run.subject.session():
        warnings.simplefilter("ignore", RuntimeWarning)  # a trial may diverge; its final loss shows it
        measurements = Measurements(run, np.random.default_rng(seed))
        findings = (*run.update_findings, *causes_found(measurements))
        trials: list[Trial] = []
        if findings or measurements.stalled:
            with _callback(progress) as on_progress:
                trials = run_trials(run, seed, steps=budget, seeds=seeds, on_progress=on_progress)
        trajectory = measurements.trajectory
        report = replace(
            report,
            findings=findings,
            walked=trajectory.steps[-1],
            began=trajectory.initial_loss,
            ended=trajectory.final_loss,
            trials=tuple(map(trial_report, trials)),
            trial_runs=tuple(trials),
            trajectory=trajectory,
            notes=(*report.notes, *_notes(measurements, findings)),
            evaluations=run.counts.losses,
            gradients=run.counts.gradients,
            seconds=time.perf_counter() - began + checked.seconds,
        )
        complete = pictures or plots is not None
        data = figure_data(measurements, trials, Path(report.target).name, complete=complete)
        report = replace(report, figures=data)
        if plots is not None:
            from gradcheck.training.doctor.plots import save

            written = save(data, Path(plots))
            report = replace(report, notes=(*report.notes, f"Plots: {', '.join(written)}"))
    return report


def causes_found(measurements: Measurements) -> tuple[Finding, ...]:
    """Findings of all causes that apply, in their order, without those that another finding explains."""
    found: list[Finding] = []
    for cause in CAUSES:
        slugs = {finding.slug for finding in found}
        if slugs & {cause.slug, *cause.explained_by}:
            continue
        finding = cause.find(measurements)
        if finding is not None:
            found.append(finding)
    return tuple(found)


def _gradient_report(run: TrainingRun, checked: Report, seed: int) -> DoctorReport:
    """The report before the training is analysed."""
    rule = run.update_rule
    return DoctorReport(
        version=__version__,
        target=checked.target,
        gradient=checked,
        findings=run.update_findings,
        regimen=_rule_text(rule),
        step=None if rule is None else rule.step,
        planned=run.step_budget,
        walked=0,
        began=checked.loss,
        ended=checked.loss,
        trials=(),
        notes=(),
        seed=seed,
        evaluations=run.counts.losses,
        gradients=run.counts.gradients,
        seconds=checked.seconds,
    )


def _rule_text(rule: UpdateRule | None) -> str:
    return "unrecognised update" if rule is None else f"{rule.name}, step {rule.step:g}"


def _notes(measurements: Measurements, findings: Sequence[Finding]) -> list[str]:
    """Observations that are not findings."""
    notes = []
    if measurements.run.update_rule is None:
        notes.append("The update of the parameters was not recognised: only the loss and its gradient were analysed.")
    if measurements.stalled and measurements.at_baseline and not findings:
        notes.append(
            f"The loss is that of a constant prediction, {measurements.baseline}, and no direction has negative "
            "curvature: the model cannot do better on these data."
        )
    return notes


def _callback(progress: bool | ProgressCallback) -> AbstractContextManager[ProgressCallback | None]:
    """A progress bar, the user's callback, or None."""
    if progress is True:
        from gradcheck.checks.progress import counter

        return counter("trials")
    return nullcontext(progress or None)
