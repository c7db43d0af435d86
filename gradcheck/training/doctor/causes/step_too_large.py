"""Steps that are too long for the curvature and overshoot.

**Quantity.** η λ, with λ the curvature along the gradient or the largest one, at the start or at the end of the
trajectory.

**Thresholds.** On a quadratic, descent diverges along a curvature λ if η λ > 2 (Y. LeCun et al., Efficient BackProp,
1998, section 5.1), with momentum μ if η λ > 2(1 + μ) (B. T. Polyak, 1964). Training can tolerate that for a while (J.
Cohen et al., Gradient descent on neural networks typically occurs at the edge of stability, ICLR 2021). It is therefore
reported only if it does harm: the loss ends higher than it began or rises in a quarter of the recorded intervals, and
steps of a tenth or a hundredth of the length reach half of its final value.
"""

from __future__ import annotations

import math

from gradcheck.diagnosis.finding import Finding
from gradcheck.training.doctor.causes.cause import Cause
from gradcheck.training.doctor.measurements import MEASUREMENT_SETTINGS, Measurements

CODE, SLUG = "GT107", "step-too-large"

#: Fraction of the recorded intervals in which the loss rises, from which a trajectory is no descent.
RISE_FRACTION = 0.25

#: Factors of the step size that are tried.
SHORTER_STEPS = (0.1, 0.01)


def find(measurements: Measurements) -> Finding | None:
    """Whether the step exceeds what the curvature allows, and shorter steps get further."""
    rule, trajectory = measurements.run.update_rule, measurements.trajectory
    if rule is None or not rule.step > 0 or rule.effective_step is None or not measurements.stalled:
        return None
    limit = 2 * (2 - rule.step / rule.effective_step)  # 2(1 + μ), since η/(1 − μ) is the effective step
    curvatures = [c for c in (measurements.curvature, measurements.final_curvature) if c is not None]
    steepest = max((max(c.along_gradient, c.highest) for c in curvatures), default=0.0)
    if not rule.step * steepest > limit:
        return None
    initial, final = trajectory.initial_loss, trajectory.final_loss
    if not (final >= initial or trajectory.rise_fraction >= RISE_FRACTION):
        return None
    tried = [measurements.with_step_factor(factor) for factor in SHORTER_STEPS]
    shorter = min(tried, key=lambda each: each.final_loss)
    if not shorter.final_loss <= MEASUREMENT_SETTINGS.halved * min(final, initial):
        return None
    change = f"goes from {initial:.4g} to {final:.4g}" if math.isfinite(final) else "diverges"
    return Finding(
        CODE,
        SLUG,
        "step",
        f"the step {rule.step:g} is too large for the curvature of the loss",
        f"η λ = {rule.step * steepest:.3g} with the curvature λ = {steepest:.3g}; descent overshoots above {limit:g}; "
        f"in {trajectory.steps[-1]:,} steps the loss {change}; with shorter steps it is {shorter.final_loss:.4g} after "
        f"{shorter.steps[-1]:,}",
        f"Use a step below {limit / steepest:.2g}.",
    )


CAUSE = Cause(CODE, SLUG, find)
