"""Steps so long that they overshoot.

**Number.** η λ, with λ the curvature along the gradient, or the largest one, at the start or where the course ended.

**Thresholds.** On a quadratic descent grows along a curvature λ where η λ > 2 (Y. LeCun et al., Efficient BackProp,
1998, section 5.1), with momentum μ where η λ > 2(1 + μ) (B. T. Polyak, 1964). Training can live with that for a while
(J. Cohen et al., Gradient descent on neural networks typically occurs at the edge of stability, ICLR 2021), so it
must be seen to harm: the loss ends higher than it began, or rises at a quarter of the looks, and steps of a tenth or
a hundredth get to half of where it ended.
"""

from __future__ import annotations

import math

from gradcheck.training.doctor.causes.cause import Illness, Symptom
from gradcheck.training.doctor.measurements import HALF, Examination

#: A course that rises at this share of the looks at it is no descent.
RISING = 0.25


def look(examination: Examination) -> Symptom | None:
    """Whether the step exceeds what curvature allows, and shorter ones get further."""
    regimen, course = examination.patient.regimen, examination.course
    if regimen is None or not regimen.step > 0 or regimen.effective is None or not examination.held_up:
        return None
    limit = 2 * (2 - regimen.step / regimen.effective)  # 2(1 + μ), as η/(1 − μ) is the effective step
    bends = [b for b in (examination.curvature, examination.late_curvature) if b is not None]
    steepest = max((max(bend.along, bend.highest) for bend in bends), default=0.0)
    if not regimen.step * steepest > limit:
        return None
    if not (course.end >= course.start or course.rises >= RISING):
        return None
    shorter = min((examination.again(factor) for factor in (0.1, 0.01)), key=lambda tried: tried.end)
    if not shorter.end <= HALF * min(course.end, course.start):
        return None
    went = f"goes from {course.start:.4g} to {course.end:.4g}" if math.isfinite(course.end) else "leaves all bounds"
    return Symptom(
        "step",
        f"the step {regimen.step:g} is too large for the curvature of the loss",
        f"η λ = {regimen.step * steepest:.3g} with the curvature λ = {steepest:.3g}, and more than {limit:g} "
        f"overshoots; in {course.steps[-1]:,} steps the loss {went}; with shorter steps it is {shorter.end:.4g} after "
        f"{shorter.steps[-1]:,}",
        f"Take steps below {limit / steepest:.2g}.",
    )


ILLNESS = Illness("GT107", "step-too-large", look)
