"""All that was found out about a training, as plain data."""

from __future__ import annotations

from dataclasses import dataclass, field

from gradcheck.diagnosis.finding import Finding
from gradcheck.reports.report import Report
from gradcheck.training.doctor.trajectory import Course
from gradcheck.training.doctor.trials import Trial
from gradcheck.verdicts.verdict import Verdict


@dataclass(frozen=True, slots=True)
class TrialReport:
    """What a remedy reached.

    Attributes
    ----------
    name : str
    median, lowest, highest : float
        Of the losses that the seeds reached; infinite where one diverged.
    seeds : int
    steps : int
        Of each run; fewer if the loss had arrived, or was no number any more.
    """

    name: str
    median: float
    lowest: float
    highest: float
    seeds: int
    steps: int

    def __str__(self) -> str:
        return f"{self.name}: {self.median:.2g} ({self.lowest:.2g} to {self.highest:.2g})"


def trial_report(trial: Trial) -> TrialReport:
    """A trial without its courses."""
    steps = max(course.steps[-1] for course in trial.courses)
    return TrialReport(trial.name, trial.median, min(trial.reached), max(trial.reached), len(trial.courses), steps)


@dataclass(frozen=True, slots=True, repr=False)
class DoctorReport:
    """What `gradcheck.doctor` found. True if the gradient is right and nothing was found.

    Attributes
    ----------
    version, target : str
    gradient : Report
        Of the check that comes first.
    findings : tuple of Finding
        About training, GT1xx; causes first.
    regimen : str
        How the parameters are changed.
    step : float or None
    planned : int
        Steps that the training takes.
    walked : int
        Steps of it that were walked.
    began, ended : float
        The loss before and after them.
    trials : tuple of TrialReport
        The best first.
    notes : tuple of str
    seed : int
    evaluations, gradients : int
        Of the loss and of the gradient, without the check.
    seconds : float
    courses : tuple of Trial
        The trials with all that was seen of them.
    course : Course or None
        That of the training itself.
    """

    version: str
    target: str
    gradient: Report
    findings: tuple[Finding, ...]
    regimen: str
    step: float | None
    planned: int
    walked: int
    began: float
    ended: float
    trials: tuple[TrialReport, ...]
    notes: tuple[str, ...]
    seed: int
    evaluations: int
    gradients: int
    seconds: float
    courses: tuple[Trial, ...] = field(default=())
    course: Course | None = None

    @property
    def verdict(self) -> Verdict:
        """Of the gradient."""
        return self.gradient.verdict

    @property
    def trained(self) -> bool:
        """Whether anything was looked at but the gradient."""
        return self.course is not None

    def __bool__(self) -> bool:
        return bool(self.gradient) and not self.findings

    def __repr__(self) -> str:
        found = ", ".join(finding.slug for finding in self.findings) or "nothing found"
        return f"<DoctorReport gradient {self.verdict.value}, {found}: {self.target}>"

    def __str__(self) -> str:
        from gradcheck.training.doctor.text import text_of

        return text_of(self)
