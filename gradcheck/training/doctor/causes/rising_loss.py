"""A loss that rises during training for no reason that another cause explains: a wrong sign in the update.

**Quantity.** The loss before and after the user's own steps.

**Threshold.** Higher by 0.1%, and not explained by a step that is too long for the curvature (`step-too-large`). If the
first change of the parameters points uphill, Δθ·∇J > 0, the update has the wrong sign.
"""

from __future__ import annotations

import math

from gradcheck.diagnosis.finding import Finding
from gradcheck.training.doctor.causes.cause import Cause
from gradcheck.training.doctor.measurements import Measurements

CODE, SLUG = "GT113", "rising-loss"

#: Smallest relative rise of the loss that is reported: far above rounding.
RISE = 1e-3


def find(measurements: Measurements) -> Finding | None:
    """Whether training increases the loss."""
    run, trajectory = measurements.run, measurements.trajectory
    rule, initial, final = run.update_rule, trajectory.initial_loss, trajectory.final_loss
    if rule is None or not measurements.stalled or not final > initial + RISE * abs(initial):
        return None
    change = rule.step_function()(run.start.copy(), measurements.gradient) - run.start
    slope = float(change @ measurements.gradient)
    reached = f"{final:.6g}" if math.isfinite(final) else "a value that is not finite"
    evidence = f"from {initial:.6g} to {reached} in {trajectory.steps[-1]:,} steps"
    if slope > 0:
        evidence += f"; the first change of the parameters has Δθ·∇J = {slope:.2g} > 0"
        message = "the update goes uphill: it adds the gradient"
        return Finding(CODE, SLUG, "update", message, evidence, "Subtract the gradient: θ ← θ − η ∇J.")
    return Finding(CODE, SLUG, "loss", "the loss rises during training", evidence, "Take shorter steps.")


CAUSE = Cause(CODE, SLUG, find, explained_by=("step-too-large",))
