"""Steps that are so short that the training ends before the loss has changed.

**Quantities.** The predicted decrease in one step, η‖∇J‖², relative to the loss (J. Nocedal and S. J. Wright, Numerical
Optimization, 2006, 3.1), times the steps of the training; and η relative to 1/λ, the step that the curvature λ allows
(section 3.3).

**Thresholds.** The loss has fallen by less than a fifth in the user's own steps and would not halve in all of them; η
is below 1% of 1/λ; and with steps of half of 1/λ, which are tried, it halves in as many. For rules that divide steps by
the size of the gradient, 100 times the step is tried instead.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gradcheck.diagnosis.finding import Finding
from gradcheck.training.doctor.causes.cause import Cause
from gradcheck.training.doctor.measurements import MEASUREMENT_SETTINGS, Measurements

CODE, SLUG = "GT106", "step-too-small"


@dataclass(frozen=True)
class StepTooSmallThresholds:
    """What makes a step too small; the docstring of this file has the reasons.

    Attributes
    ----------
    decrease : float
        Relative decrease of the loss below which it has hardly moved.
    of_allowed : float
        η λ below which the curvature allows far longer steps.
    tried_of_allowed : float
        η λ of the longer step that is tried: half of the length that goes to the minimum of a parabola.
    tried_factor : float
        The same for rules that divide by the size of the gradient: the factor of the step size.
    """

    decrease: float = 0.2
    of_allowed: float = 0.01
    tried_of_allowed: float = 0.5
    tried_factor: float = 100.0


STEP_TOO_SMALL_THRESHOLDS = StepTooSmallThresholds()


def find(measurements: Measurements) -> Finding | None:
    """Whether longer steps would be safe and get further."""
    rule, trajectory, limits = measurements.run.update_rule, measurements.trajectory, STEP_TOO_SMALL_THRESHOLDS
    if rule is None or not measurements.stalled or not trajectory.finite or not rule.step > 0:
        return None
    initial, final = trajectory.initial_loss, trajectory.final_loss
    if not (1 - limits.decrease) * initial < final <= initial:
        return None
    evidence = f"in {trajectory.steps[-1]:,} steps the loss goes from {initial:.6g} to {final:.6g}"
    factor = limits.tried_factor
    if rule.effective_step is not None:
        step, curvature = rule.effective_step, measurements.curvature
        if (
            curvature is None
            or not 0 < step * curvature.highest < limits.of_allowed
            or not _takes_long(measurements, step)
        ):
            return None
        factor = limits.tried_of_allowed / (step * curvature.highest)
        decrease = step * float(np.sum(measurements.gradient**2))
        evidence += (
            f"; predicted decrease per step η‖∇J‖² = {decrease:.2g}, {decrease / initial:.1g} of the loss; η = "
            f"{step:g} is {step * curvature.highest:.1g} of what the largest curvature, {curvature.highest:.2g}, allows"
        )
    longer = measurements.with_step_factor(factor)
    halved = MEASUREMENT_SETTINGS.halved * initial
    if not (longer.finite and longer.final_loss <= max(halved, measurements.target_loss)):
        return None
    evidence += f"; with steps {factor:.3g} times as long it is {longer.final_loss:.4g} after {longer.steps[-1]:,}"
    return Finding(CODE, SLUG, "step", f"the step {rule.step:g} is too small", evidence, "Use a larger step.")


def _takes_long(measurements: Measurements, step: float) -> bool:
    """Whether the loss does not halve within the step budget, by the gradient flow or else by the first step."""
    budget, steps = measurements.run.step_budget, measurements.gradient_flow.steps_to_escape(step)
    if steps is not None:
        return steps > budget
    decrease = step * float(np.sum(measurements.gradient**2)) * budget
    return decrease < MEASUREMENT_SETTINGS.halved * measurements.trajectory.initial_loss


CAUSE = Cause(CODE, SLUG, find, explained_by=("chance-plateau", "saddle"))
