"""Remedies tried, with the same number of steps each, and ranked by the loss that they reach."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from gradcheck.training.doctor.remedies import Remedy, combined, remedies
from gradcheck.training.doctor.run import Patient
from gradcheck.training.doctor.trajectory import Course, follow

#: Steps of each run, and runs of each remedy.
STEPS, SEEDS = 1_000, 3

#: If no single remedy reaches this part of the loss at the start, the best are combined.
FAR = 0.01


@dataclass(frozen=True)
class Trial:
    """A remedy as it was tried.

    Attributes
    ----------
    name : str
    courses : tuple of Course
        One a seed.
    """

    name: str
    courses: tuple[Course, ...]

    @property
    def reached(self) -> tuple[float, ...]:
        """Loss that each seed reached; infinite where it diverged."""
        return tuple(course.end for course in self.courses)

    @property
    def median(self) -> float:
        """Of the losses reached."""
        return statistics.median(self.reached)

    @property
    def order(self) -> tuple[float, float]:
        """What to rank by: the loss, and where that has arrived, how many steps it took."""
        steps = statistics.median(course.steps[-1] for course in self.courses)
        start = max((course.start for course in self.courses if math.isfinite(course.start)), default=1.0)
        return (max(self.median, 1e-12 * abs(start)), steps)


def trials(
    patient: Patient,
    seed: int,
    *,
    steps: int = STEPS,
    seeds: int = SEEDS,
    told: Callable[[int, int, str], object] | None = None,
) -> list[Trial]:
    """Try everything, the best first.

    Parameters
    ----------
    patient : Patient
    seed : int
        Of the initial weights.
    steps : int
        Of each run; 0 tries nothing.
    seeds : int
        Runs of each remedy. Where it does not draw weights, the first begins at the patient's own.
    told : callable, optional
        Gets the steps done, the steps in all, and what is being tried.

    Returns
    -------
    list of Trial
    """
    every = remedies(patient) if steps > 0 else []
    done, total = 0, steps * sum(seeds if remedy.repeated else 1 for remedy in every)

    def tell(name: str) -> Callable[[int], object]:
        def more(n: int) -> None:
            nonlocal done
            done += n
            if told is not None:
                told(min(done, total), total, name)

        return more

    found: list[tuple[Remedy, Trial]] = [(r, _tried(patient, r, seed, steps, seeds, tell(r.name))) for r in every]
    both = _combination(found)
    if both is not None:
        total += steps * seeds
        found.append((both, _tried(patient, both, seed, steps, seeds, tell(both.name))))
    return sorted((trial for _, trial in found), key=lambda trial: trial.order)


def _tried(patient: Patient, remedy: Remedy, seed: int, steps: int, seeds: int, told: Callable[[int], object]) -> Trial:
    courses = []
    for k in range(seeds if remedy.repeated else 1):
        rng = np.random.default_rng([seed, k])
        theta = patient.start if remedy.own and k == 0 else remedy.start(patient, rng)
        courses.append(follow(patient, theta, remedy.regimen.fresh(remedy.factor), steps, told=told))
    return Trial(remedy.name, tuple(courses))


def _combination(found: Sequence[tuple[Remedy, Trial]]) -> Remedy | None:
    """The best start with the best rule, if neither alone gets far."""
    if not found or min(trial.median for _, trial in found) <= FAR * abs(found[0][1].courses[0].start):
        return None
    starts = [(t.order, i) for i, (r, t) in enumerate(found) if r.name.startswith("weights by")]
    rules = [(t.order, i) for i, (r, t) in enumerate(found) if r.own and r.repeated]
    if not starts or not rules:
        return None
    return combined(found[min(starts)[1]][0], found[min(rules)[1]][0])
