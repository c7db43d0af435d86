"""Run the trials, an equal number of steps each, and rank them by the loss that they reach."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from gradcheck.training.doctor.run import TrainingRun
from gradcheck.training.doctor.trajectory import TRAJECTORY_SETTINGS, Trajectory, train
from gradcheck.training.doctor.trial_settings import TrialKind, TrialSettings, combined, trial_settings

#: Default number of steps of each run, and of runs of each trial: enough to rank rules on small problems within
#: seconds, and a median that one bad seed does not change.
DEFAULT_STEPS, DEFAULT_SEEDS = 1_000, 3

#: The best initial weights and the best rule are tried together if no single trial reaches this fraction of the initial
#: loss.
SUFFICIENT_FRACTION = 0.01


@dataclass(frozen=True)
class Trial:
    """A trial and the trajectories of its runs.

    Attributes
    ----------
    settings : TrialSettings
    trajectories : tuple of Trajectory
        One per seed.
    """

    settings: TrialSettings
    trajectories: tuple[Trajectory, ...]

    @property
    def name(self) -> str:
        """Name of the trial."""
        return self.settings.name

    @property
    def final_losses(self) -> tuple[float, ...]:
        """Final loss of each seed; infinite if it diverged."""
        return tuple(trajectory.final_loss for trajectory in self.trajectories)

    @property
    def median(self) -> float:
        """Median of the final losses."""
        return statistics.median(self.final_losses)

    @property
    def rank(self) -> tuple[float, float]:
        """Key to sort by: the median loss; among converged trials, the number of steps."""
        steps = statistics.median(trajectory.steps[-1] for trajectory in self.trajectories)
        initial = [t.initial_loss for t in self.trajectories if math.isfinite(t.initial_loss)]
        converged = TRAJECTORY_SETTINGS.converged_fraction * abs(max(initial, default=1.0))
        return (max(self.median, converged), steps)


def run_trials(
    run: TrainingRun,
    seed: int,
    *,
    steps: int = DEFAULT_STEPS,
    seeds: int = DEFAULT_SEEDS,
    on_progress: Callable[[int, int, str], object] | None = None,
) -> list[Trial]:
    """Run all trials and sort them, the best first.

    Parameters
    ----------
    run : TrainingRun
    seed : int
        Seed of the initial weights.
    steps : int
        Number of steps of each run; 0 runs no trial.
    seeds : int
        Number of runs of each trial. Unless a trial draws weights, its first run has the user's initial parameters.
    on_progress : callable, optional
        Called with the steps done, the total number of steps, and the name of the trial.

    Returns
    -------
    list of Trial
    """
    every = trial_settings(run) if steps > 0 else []
    done, total = 0, steps * sum(settings.seeds(seeds) for settings in every)

    def counted(name: str) -> Callable[[int], object]:
        def more(n: int) -> None:
            nonlocal done
            done += n
            if on_progress is not None:
                on_progress(min(done, total), total, name)

        return more

    found = [_trial(run, settings, seed, steps, seeds, counted(settings.name)) for settings in every]
    both = _combination(found)
    if both is not None:
        total += steps * seeds
        found.append(_trial(run, both, seed, steps, seeds, counted(both.name)))
    return sorted(found, key=lambda trial: trial.rank)


def _trial(
    run: TrainingRun, settings: TrialSettings, seed: int, steps: int, seeds: int, on_progress: Callable[[int], object]
) -> Trial:
    trajectories = []
    for k in range(settings.seeds(seeds)):
        rng = np.random.default_rng([seed, k])
        theta = run.start if settings.first_from_start and k == 0 else settings.initialiser(run, rng)
        step_function = settings.update_rule.step_function(settings.factor)
        trajectories.append(train(run, theta, step_function, steps, on_progress=on_progress))
    return Trial(settings, tuple(trajectories))


def _combination(found: Sequence[Trial]) -> TrialSettings | None:
    """The best initial weights with the best rule; None if a single trial suffices."""
    if not found or min(trial.median for trial in found) <= SUFFICIENT_FRACTION * abs(
        found[0].trajectories[0].initial_loss
    ):
        return None
    weights = [trial for trial in found if trial.settings.kind is TrialKind.WEIGHTS]
    rules = [trial for trial in found if trial.settings.kind is TrialKind.RULE]
    if not weights or not rules:
        return None
    best = (min(trials, key=lambda trial: trial.rank) for trials in (weights, rules))
    return combined(*(trial.settings for trial in best))
