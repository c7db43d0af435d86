"""The loss stalls at chance level, the loss of a constant prediction, and escaping takes longer than the training.

**Quantities.** The loss after the user's own steps, compared with the constant-prediction baseline
(`gradcheck.training.doctor.baseline`); and the number of steps until the loss has halved, from the gradient flow
(`gradcheck.training.doctor.gradient_flow`).

**Thresholds.** The final loss is within 1% of the baseline, the loss stays within 1% for at least half of the way out,
and the way out takes more steps than the training does. A freshly initialised network is at chance level too but leaves
it at once: the fraction of time spent there distinguishes a plateau (K. Fukumizu and S. Amari, Local minima and
plateaus in hierarchical structures of multilayer perceptrons, Neural Networks 13, 2000).
"""

from __future__ import annotations

from gradcheck.diagnosis.finding import Finding
from gradcheck.training.doctor.causes.cause import Cause
from gradcheck.training.doctor.causes.step_counts import exact_count, rough_count
from gradcheck.training.doctor.measurements import MEASUREMENT_SETTINGS, Measurements

CODE, SLUG = "GT101", "chance-plateau"

#: Smallest fraction of the time to escape that the loss spends at chance level on a plateau.
PLATEAU_FRACTION = 0.5

#: A curvature below minus this fraction of the largest one is a way down; a smaller one is rounding.
WAY_DOWN_CURVATURE = 1e-6

#: A negative curvature is significant beyond this many times its error estimate.
CURVATURE_ERRORS = 2

FIX = (
    "Start elsewhere (larger initial weights, so that units differ) or use steps that do not shrink with the gradient "
    "(RMSProp, Adam, iRprop−)."
)


def find(measurements: Measurements) -> Finding | None:
    """Whether the loss is at chance level and stays there for longer than the training takes."""
    run, rule = measurements.run, measurements.run.update_rule
    if rule is None or not measurements.stalled or not measurements.at_baseline:
        return None
    trajectory, baseline = measurements.trajectory, measurements.baseline
    steps = trajectory.steps[-1]
    evidence = f"loss {trajectory.final_loss:.6g} after {steps:,} steps; constant prediction {baseline}"
    if rule.effective_step is not None and rule.effective_step > 0:
        return _from_gradient_flow(measurements, rule.effective_step, evidence)
    if steps < run.step_budget or not _has_way_down(measurements):
        return None
    return _finding(measurements, "more than that", evidence)


def _from_gradient_flow(measurements: Measurements, step: float, evidence: str) -> Finding | None:
    """The same where the gradient flow predicts the number of steps."""
    run, flow, baseline = measurements.run, measurements.gradient_flow, measurements.baseline
    tolerance = MEASUREMENT_SETTINGS.baseline_tolerance
    if baseline is None or flow.fraction_near(baseline.loss, tolerance) < PLATEAU_FRACTION:
        return None
    steps = flow.steps_to_escape(step)
    at_least = flow.times[-1] / step
    if (at_least if steps is None else steps) <= run.step_budget:
        return None
    evidence += (
        f"\n‖∇J‖ is {flow.gradient_norms[0]:.2g} at the start and {min(flow.gradient_norms):.2g} at its smallest"
    )
    curvature = measurements.final_curvature
    if curvature is not None:
        evidence += f"; curvatures after these steps: {curvature.lowest:.2g} to {curvature.highest:.2g}"
    if steps is None:
        if not _has_way_down(measurements):
            return None
        evidence += (
            "\nwith infinitely small steps (the gradient flow) the loss has not reached half of that, "
            f"{flow.target_loss:.4g}, at t = {flow.times[-1]:,.0f}, where t is steps times step size "
            f"({flow.gradients:,} gradients computed)"
        )
        return _finding(measurements, f"more than {rough_count(at_least)} steps at {step:g}", evidence)
    evidence += (
        f"\nthe gradient flow reaches half of that, {flow.target_loss:.4g}, at t = {flow.time_to_escape:,.0f} "
        f"({flow.gradients:,} gradients): {exact_count(steps)} steps of {step:g}"
    )
    other = measurements.other_gradient_flow
    other_steps = None if other is None else other.steps_to_escape(step)
    if other_steps is None:
        return _finding(measurements, f"about {rough_count(steps)} steps at {step:g}", evidence)
    evidence += f"; from another start of the same kind {exact_count(other_steps)}"
    ends = min(steps, other_steps), max(steps, other_steps)
    return _finding(measurements, f"about {rough_count(*ends)} steps at {step:g}", evidence)


def _finding(measurements: Measurements, escape: str, evidence: str) -> Finding:
    run = measurements.run
    budget = rough_count(run.step_budget)
    if run.loop_line is not None:
        stops = f"the program (the loop on line {run.loop_line}) stops after {budget}"
    else:
        stops = f"the training {'stops' if run.budget_specified else 'is assumed to stop'} after {budget}"
    message = (
        f"the loss has stalled at chance level, {measurements.baseline}: it is on a plateau, where the gradient is "
        f"correct but nearly zero. Leaving the plateau takes {escape}, and {stops}"
    )
    return Finding(CODE, SLUG, "loss", message, evidence, FIX)


def _has_way_down(measurements: Measurements) -> bool:
    """Whether some direction has negative curvature; otherwise this is a minimum and the model cannot do better."""
    curvature = measurements.final_curvature
    return (
        curvature is not None
        and curvature.lowest < -WAY_DOWN_CURVATURE * curvature.highest
        and curvature.lowest < -CURVATURE_ERRORS * curvature.errors[0]
    )


CAUSE = Cause(CODE, SLUG, find)
