"""The loss during training: run an update rule step by step and record the loss at regular intervals."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gradcheck.training.doctor.run import TrainingRun
from gradcheck.training.doctor.update_rule import StepFunction

Array = NDArray[np.float64]


@dataclass(frozen=True)
class TrajectorySettings:
    """Recording and end of a trajectory.

    Attributes
    ----------
    records : int
        The loss is recorded about this many times: enough for a curve, at 1% of the cost of the gradients.
    converged_fraction : float
        A loss below this fraction of the initial loss has converged. Rounding limits what lies below.
    overflow_fraction : float
        A loss that is no longer finite counts as its last finite value if that was below this fraction of the initial
        loss. Example: log(1 − p) overflows when p rounds to 1 because the model is confident and right.
    """

    records: int = 100
    converged_fraction: float = 1e-12
    overflow_fraction: float = 0.1


TRAJECTORY_SETTINGS = TrajectorySettings()


@dataclass(frozen=True)
class Trajectory:
    """The loss during a training run.

    Attributes
    ----------
    steps : tuple of int
        Steps at which the loss was recorded; the first is 0.
    losses : tuple of float
        All finite, if the first is.
    final_parameters : ndarray
        Parameters at the last finite loss recorded in the regular intervals.
    finite : bool
        Whether loss and gradient stayed finite.
    """

    steps: tuple[int, ...]
    losses: tuple[float, ...]
    final_parameters: Array
    finite: bool

    @property
    def initial_loss(self) -> float:
        """Loss before the first step."""
        return self.losses[0]

    @property
    def final_loss(self) -> float:
        """Loss reached; infinite if the run diverged (see `TrajectorySettings.overflow_fraction`)."""
        if self.finite:
            return self.losses[-1]
        return (
            self.losses[-1] if self.losses[-1] < TRAJECTORY_SETTINGS.overflow_fraction * self.initial_loss else math.inf
        )

    @property
    def rise_fraction(self) -> float:
        """Fraction of the intervals over which the loss rose."""
        pairs = list(zip(self.losses, self.losses[1:], strict=False))
        return sum(b > a for a, b in pairs) / len(pairs) if pairs else 0.0


def train(
    run: TrainingRun,
    theta: Array,
    step_function: StepFunction,
    steps: int,
    *,
    target_loss: float = -math.inf,
    on_progress: Callable[[int], object] | None = None,
) -> Trajectory:
    """Run an update rule and record the loss.

    Parameters
    ----------
    run : TrainingRun
    theta : ndarray
        Initial parameters; not changed.
    step_function : StepFunction
    steps : int
        Largest number of steps.
    target_loss : float
        Stop once the loss is at most this.
    on_progress : callable, optional
        Called with the number of steps since its last call.

    Returns
    -------
    Trajectory
    """
    interval = max(1, steps // TRAJECTORY_SETTINGS.records)
    at, losses, theta = [0], [run.loss(theta)], theta.copy()
    last, finite = theta, math.isfinite(losses[0])
    unrecorded: list[Array] = []
    low_enough = max(target_loss, TRAJECTORY_SETTINGS.converged_fraction * abs(losses[0])) if finite else math.inf
    for step in range(1, steps + 1):
        gradient = run.gradient(theta)
        if not np.isfinite(gradient).all():
            finite = False
            break
        with np.errstate(all="ignore"):
            theta = step_function(theta, gradient)
        if step % interval and step != steps:
            unrecorded.append(theta)
            continue
        if on_progress is not None:
            on_progress(step - at[-1])
        value = run.loss(theta)
        if not math.isfinite(value):
            finite = False
            break
        at.append(step)
        losses.append(value)
        last = theta
        unrecorded = []
        if value <= low_enough:
            break
    if not finite:
        step, value = _last_finite(run, unrecorded)
        if step:
            at.append(at[-1] + step)
            losses.append(value)
    return Trajectory(tuple(at), tuple(losses), last, finite)


def _last_finite(run: TrainingRun, points: list[Array]) -> tuple[int, float]:
    """Number and loss of the last point before the loss stops being finite; (0, NaN) if there is none."""
    found = (0, math.nan)
    for i, theta in enumerate(points, 1):
        value = run.loss(theta)
        if not math.isfinite(value):
            break
        found = (i, value)
    return found
