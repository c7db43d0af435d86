"""A saddle: flat along the gradient, and downhill to the sides.

**Number.** The lowest curvature λ by Lanczos' method, the gradient g along it, and how far along it the loss begins
to fall.

**Thresholds.** The gradient would take less than a hundredth off the loss, in all the steps that the training has and
in one of the best length; λ is below zero by more than its error and by 1e-4 of the largest curvature; along it the
loss falls by a hundredth within the size of the parameters; and the steps until the drift d ← d + η(|λ| d + |g|) has
covered that distance are more than the training has (R. Pemantle, Ann. Probab. 18, 1990; S. Du et al., Gradient
descent can take exponential time to escape saddle points, NIPS 2017). At a minimum no curvature is negative, so a
problem that is solved is none.
"""

from __future__ import annotations

import math

import numpy as np

from gradcheck.training.doctor.causes.cause import Illness, Symptom, counted
from gradcheck.training.doctor.measurements import Examination

#: Negative curvature, relative to the largest; and the fall of the loss that shows a way down.
BENT, FALL = 1e-4, 0.01

#: The loss is flat if this is more than what the gradient takes off it in all the steps that the training has, and in
#: one of the best length, 1/λ.
FLAT = 0.01


def look(examination: Examination) -> Symptom | None:
    """Whether the course ended where only a side step goes on."""
    patient, regimen, course = examination.patient, examination.patient.regimen, examination.course
    if regimen is None or regimen.effective is None or not regimen.effective > 0 or not examination.held_up:
        return None
    if not course.finite or course.end > course.start:
        return None
    bend = examination.late_curvature
    if bend is None or not bend.highest > 0 or not bend.lowest < -max(BENT * bend.highest, 2 * bend.errors[0]):
        return None
    gradient = patient.gradient(course.last)
    slope, rate = abs(float(gradient @ bend.down)), regimen.effective
    square = float(gradient @ gradient)
    if max(rate * patient.planned, 1 / bend.highest) * square > FLAT * course.end:
        return None
    far = _fall(examination, bend.down)
    if far is None:
        return None
    drift = slope / -bend.lowest
    steps = math.log1p(far / drift) / (rate * -bend.lowest) if drift > 0 else math.inf
    if steps <= patient.planned:
        return None
    takes = f"about {counted(steps)} steps" if math.isfinite(steps) else "for ever, as nothing points that way"
    return Symptom(
        "loss",
        f"the training rests on a saddle: along one direction the loss bends down, and to follow it takes {takes}",
        f"loss {course.end:.6g}, ‖∇J‖ = {np.linalg.norm(gradient):.2g}; curvatures from {bend.lowest:.2g} ± "
        f"{bend.errors[0]:.1g} to {bend.highest:.2g}; {far:.2g} along the lowest the loss is lower by {FALL:.0%}",
        "Begin elsewhere, or add noise: a random start is not on a saddle.",
    )


def _fall(examination: Examination, direction: np.ndarray) -> float | None:
    """How far along a direction the loss has fallen by a hundredth."""
    patient, course = examination.patient, examination.course
    reach = max(float(np.linalg.norm(course.last)), 1.0)
    for far in reach * 2.0 ** np.arange(-12.0, 1.0):
        if min(patient.loss(course.last + sign * far * direction) for sign in (-1, 1)) < (1 - FALL) * course.end:
            return float(far)
    return None


ILLNESS = Illness("GT108", "saddle", look, unless=("chance-plateau", "dead-units"))
