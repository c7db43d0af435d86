"""Steps so short that the training ends before it has begun.

**Number.** The predicted decrease in one step, η‖∇J‖², against the loss (J. Nocedal and S. J. Wright, Numerical
Optimization, 2006, 3.1), times the steps of the training; and η against 1/λ, the step that the curvature λ allows
(section 3.3).

**Thresholds.** The loss has fallen by less than a fifth in the patient's own steps and would not get to half in all of
them; η is below a hundredth of 1/λ; and with steps of half of 1/λ, tried, it gets to half in as many. Where steps are
divided by the size of the gradient, a hundred times the step is tried.
"""

from __future__ import annotations

import numpy as np

from gradcheck.training.doctor.causes.cause import Illness, Symptom
from gradcheck.training.doctor.measurements import HALF, Examination

#: Decrease that is next to none; η over what curvature allows; the part of that, or the multiple, that is tried.
LITTLE, SHORT, SAFE, LONGER = 0.2, 0.01, 0.5, 100.0


def look(examination: Examination) -> Symptom | None:
    """Whether longer steps would be safe, and get further."""
    regimen, course = examination.patient.regimen, examination.course
    if regimen is None or not examination.held_up or not course.finite or not regimen.step > 0:
        return None
    if not (1 - LITTLE) * course.start < course.end <= course.start:
        return None
    evidence = f"in {course.steps[-1]:,} steps the loss goes from {course.start:.6g} to {course.end:.6g}"
    factor = LONGER
    if regimen.effective is not None:
        rate, bend = regimen.effective, examination.curvature
        if bend is None or not 0 < rate * bend.highest < SHORT or not _long(examination, rate):
            return None
        factor = SAFE / (rate * bend.highest)
        fall = rate * float(np.sum(examination.gradient**2))
        evidence += (
            f"; predicted decrease a step η‖∇J‖² = {fall:.2g}, {fall / course.start:.1g} of the loss; η = {rate:g} is "
            f"{rate * bend.highest:.1g} of what the largest curvature, {bend.highest:.2g}, allows"
        )
    longer = examination.again(factor)
    if not (longer.finite and longer.end <= max(HALF * course.start, examination.goal)):
        return None
    evidence += f"; with steps {factor:.3g} times as long it is {longer.end:.4g} after {longer.steps[-1]:,}"
    return Symptom("step", f"the step {regimen.step:g} is too small", evidence, "Take longer steps.")


def _long(examination: Examination, rate: float) -> bool:
    """Whether the loss does not get to half in time: along the gradient flow, or by the first step where that fails."""
    planned, steps = examination.patient.planned, examination.escape.steps(rate)
    if steps is not None:
        return steps > planned
    return rate * float(np.sum(examination.gradient**2)) * planned < HALF * examination.course.start


ILLNESS = Illness("GT106", "step-too-small", look, unless=("chance-plateau", "saddle"))
