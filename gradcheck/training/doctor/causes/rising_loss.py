"""A loss that goes up.

**Number.** The loss before the patient's own steps and after them.

**Threshold.** Higher by 0.1%, and no step that is too long for the curvature explains it (`step-too-large`). If the
very first change of the parameters points uphill, Δθ·∇J > 0, the update has the wrong sign.
"""

from __future__ import annotations

import math

from gradcheck.training.doctor.causes.cause import Illness, Symptom
from gradcheck.training.doctor.measurements import Examination

#: Higher by this part of what it was.
UP = 1e-3


def look(examination: Examination) -> Symptom | None:
    """Whether training makes it worse."""
    patient, regimen, course = examination.patient, examination.patient.regimen, examination.course
    if regimen is None or not examination.held_up or not course.end > course.start + UP * abs(course.start):
        return None
    first = regimen.fresh()(patient.start.copy(), examination.gradient) - patient.start
    uphill = float(first @ examination.gradient) > 0
    reached = f"{course.end:.6g}" if math.isfinite(course.end) else "no finite number"
    message = "the update goes uphill: it adds the gradient" if uphill else "the loss goes up as it is trained"
    return Symptom(
        "update" if uphill else "loss",
        message,
        f"from {course.start:.6g} to {reached} in {course.steps[-1]:,} steps"
        + (
            f"; the first change of the parameters has Δθ·∇J = {float(first @ examination.gradient):.2g} > 0"
            if uphill
            else ""
        ),
        "Subtract the gradient: θ ← θ − η ∇J." if uphill else "Take shorter steps.",
    )


ILLNESS = Illness("GT113", "rising-loss", look, unless=("step-too-large",))
