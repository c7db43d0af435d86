"""A saddle point: the gradient is nearly zero, but the loss decreases along a direction of negative curvature.

**Quantities.** The lowest curvature λ, by the Lanczos method; the component of the gradient g along it; and the
distance along it at which the loss has decreased.

**Thresholds.** Following the gradient would reduce the loss by less than 1%, both in all steps of the training and in
one step of the best length; λ is negative beyond its error and beyond 1e-4 of the largest curvature; along it the loss
falls by 1% within the size of the parameters; and the drift d ← d + η(|λ| d + |g|) takes more steps than the training
to cover that distance (R. Pemantle, Ann. Probab. 18, 1990; S. Du et al., Gradient descent can take exponential time to
escape saddle points, NIPS 2017). At a minimum no curvature is negative, so a solved problem is not reported.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from gradcheck.diagnosis.finding import Finding
from gradcheck.training.doctor.causes.cause import Cause
from gradcheck.training.doctor.causes.step_counts import exact_count
from gradcheck.training.doctor.measurements import Measurements

CODE, SLUG = "GT108", "saddle"


@dataclass(frozen=True)
class SaddleThresholds:
    """What makes a point a saddle; the docstring of this file has the reasons.

    Attributes
    ----------
    curvature : float
        Smallest negative curvature, relative to the largest curvature.
    curvature_errors : float
        Smallest negative curvature, in error estimates.
    flat : float
        Largest relative decrease of the loss that the gradient promises.
    fall : float
        Relative decrease of the loss along the lowest curvature that shows a way down.
    halvings : int
        The search for that decrease starts at the size of the parameters over two to this power.
    """

    curvature: float = 1e-4
    curvature_errors: float = 2.0
    flat: float = 0.01
    fall: float = 0.01
    halvings: int = 12


SADDLE_THRESHOLDS = SaddleThresholds()


def find(measurements: Measurements) -> Finding | None:
    """Whether the trajectory ended where only a direction of negative curvature leads down."""
    run, trajectory = measurements.run, measurements.trajectory
    rule, limits = run.update_rule, SADDLE_THRESHOLDS
    if rule is None or rule.effective_step is None or not rule.effective_step > 0 or not measurements.stalled:
        return None
    if not trajectory.finite or trajectory.final_loss > trajectory.initial_loss:
        return None
    curvature = measurements.final_curvature
    if curvature is None or not curvature.highest > 0:
        return None
    if not -curvature.lowest > max(limits.curvature * curvature.highest, limits.curvature_errors * curvature.errors[0]):
        return None
    gradient = run.gradient(trajectory.final_parameters)
    step = rule.effective_step
    promised = max(step * run.step_budget, 1 / curvature.highest) * float(gradient @ gradient)
    if promised > limits.flat * trajectory.final_loss:
        return None
    distance = _distance_to_fall(measurements, curvature.down)
    if distance is None:
        return None
    drift = abs(float(gradient @ curvature.down)) / -curvature.lowest
    steps = math.log1p(distance / drift) / (step * -curvature.lowest) if drift > 0 else math.inf
    if steps <= run.step_budget:
        return None
    takes = f"about {exact_count(steps)} steps" if math.isfinite(steps) else "forever: the gradient is zero along it"
    return Finding(
        CODE,
        SLUG,
        "loss",
        "training has stopped at a saddle point: the loss decreases along a direction of negative curvature, but "
        f"following it takes {takes}",
        f"loss {trajectory.final_loss:.6g}, ‖∇J‖ = {np.linalg.norm(gradient):.2g}; curvatures from "
        f"{curvature.lowest:.2g} ± {curvature.errors[0]:.1g} to {curvature.highest:.2g}; at a distance of "
        f"{distance:.2g} along the lowest the loss is {limits.fall:.0%} lower",
        "Start elsewhere, or add noise: a random start is not on a saddle.",
    )


def _distance_to_fall(measurements: Measurements, direction: np.ndarray) -> float | None:
    """Distance along a direction at which the loss has decreased noticeably; None if it does not."""
    run, trajectory = measurements.run, measurements.trajectory
    size = max(float(np.linalg.norm(trajectory.final_parameters)), 1.0)
    lower = (1 - SADDLE_THRESHOLDS.fall) * trajectory.final_loss
    for distance in size * 2.0 ** np.arange(-SADDLE_THRESHOLDS.halvings, 1.0):
        if min(run.loss(trajectory.final_parameters + sign * distance * direction) for sign in (-1, 1)) < lower:
            return float(distance)
    return None


CAUSE = Cause(CODE, SLUG, find, explained_by=("chance-plateau", "dead-units"))
