"""Steps so short that the training ends before it has begun.

**Number.** The predicted decrease in one step, η‖∇J‖², against the loss (J. Nocedal and S. J. Wright, Numerical
Optimization, 2006, 3.1), times the steps of the training; and η against 1/λ, the step that curvature λ allows
(section 3.3).

**Thresholds.** The loss has fallen by less than a tenth in the patient's own steps and would not halve in all of
them; η is below a hundredth of 1/λ; and a hundred times the step, tried, halves the loss in as many steps.
"""

from __future__ import annotations

import numpy as np

from gradcheck.training.examination import HALF, Examination
from gradcheck.training.illnesses.illness import Illness, Symptom

#: Decrease that is next to none; η over what curvature allows; and how much longer a step is tried.
LITTLE, SHORT, LONGER = 0.1, 0.01, 100.0


def look(examination: Examination) -> Symptom | None:
    """Whether longer steps would be safe, and get further."""
    patient, regimen, course = examination.patient, examination.patient.regimen, examination.course
    if regimen is None or not examination.held_up or not course.finite or not regimen.step > 0:
        return None
    if not (1 - LITTLE) * course.start < course.end <= course.start:
        return None
    known = regimen.effective is not None
    bend, size = examination.curvature, float(np.linalg.norm(examination.gradient))
    evidence = f"in {course.steps[-1]:,} steps the loss goes from {course.start:.6g} to {course.end:.6g}"
    if known:
        assert regimen.effective is not None
        rate = regimen.effective
        if bend is None or not 0 < rate * bend.highest < SHORT:
            return None
        if course.start - rate * size**2 * patient.planned < HALF * course.start and not _long(examination, rate):
            return None
        evidence += (
            f"; predicted decrease a step η‖∇J‖² = {rate * size**2:.2g}, {rate * size**2 / course.start:.1g} of the "
            "loss; "
            f"η = {rate:g} is {rate * bend.highest:.1g} of what the largest curvature, {bend.highest:.2g}, allows"
        )
    longer = examination.again(LONGER)
    if not (longer.finite and longer.end <= HALF * course.start):
        return None
    evidence += f"; with steps {LONGER:g} times as long it is {longer.end:.4g} after {longer.steps[-1]:,}"
    return Symptom(
        "step", f"the step {regimen.step:g} is too small", evidence, "Take longer steps; see what was tried."
    )


def _long(examination: Examination, rate: float) -> bool:
    """Whether the flow, too, says that the loss does not halve in time."""
    steps = examination.escape.steps(rate)
    return steps is None or steps > examination.patient.planned


ILLNESS = Illness("GT106", "step-too-small", look, unless=("chance-plateau", "saddle"))
