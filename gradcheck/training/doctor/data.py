"""The result of a diagnosis of training, as frozen data."""

from __future__ import annotations

from dataclasses import dataclass, field

from gradcheck.diagnosis.finding import Finding
from gradcheck.reports.report import Report
from gradcheck.training.doctor.figure_data import FigureData
from gradcheck.training.doctor.trajectory import Trajectory
from gradcheck.training.doctor.trials import Trial
from gradcheck.verdicts.verdict import Verdict


@dataclass(frozen=True, slots=True)
class TrialReport:
    """The losses that one trial reached.

    Attributes
    ----------
    name : str
    median, lowest, highest : float
        Of the final losses over the seeds; infinite for a run that diverged.
    seeds : int
    steps : int
        Steps of each run; fewer if the loss converged or stopped being finite.
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
    """Summarise a trial, without its trajectories."""
    losses = trial.final_losses
    steps = max(trajectory.steps[-1] for trajectory in trial.trajectories)
    return TrialReport(trial.name, trial.median, min(losses), max(losses), len(losses), steps)


@dataclass(frozen=True, slots=True, repr=False)
class DoctorData:
    """The findings of `gradcheck.doctor`. True if the gradient is right and nothing was found.

    Attributes
    ----------
    version, target : str
    gradient : Report
        The gradient check, which comes first.
    findings : tuple of Finding
        Findings about training, GT1xx; causes first.
    regimen : str
        Name and step size of the update rule.
    step : float or None
        Step size; None if the update rule was not recognised.
    planned : int
        Step budget: the number of steps that the training takes.
    walked : int
        How many of these steps were executed.
    began, ended : float
        The loss before and after these steps.
    trials : tuple of TrialReport
        Best first.
    notes : tuple of str
    seed : int
    evaluations, gradients : int
        Evaluations of the loss and of the gradient, not counting the gradient check.
    seconds : float
    trial_runs : tuple of Trial
        The trials with their trajectories.
    trajectory : Trajectory or None
        The loss during the user's own training; None if the training was not analysed.
    figures : FigureData or None
        What `DoctorReport.plot` draws.
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
    trial_runs: tuple[Trial, ...] = ()
    trajectory: Trajectory | None = None
    figures: FigureData | None = field(default=None, compare=False)

    @property
    def verdict(self) -> Verdict:
        """Verdict on the gradient."""
        return self.gradient.verdict

    @property
    def training_analysed(self) -> bool:
        """Whether the training was analysed after the gradient check."""
        return self.trajectory is not None

    def __bool__(self) -> bool:
        return bool(self.gradient) and not self.findings
