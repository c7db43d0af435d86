"""The loss stays where a constant answer has it, and the way out is long.

**Numbers.** The loss after the patient's own steps against that of the best constant answer, −Σ p ln p for labels in
shares p (`gradcheck.training.doctor.baseline`), and the number of steps until the loss has halved, from the gradient
flow (`gradcheck.training.doctor.gradient_flow`).

**Thresholds.** Within 1% of that loss at the end of the walk, and for at least half of the way out; and the way takes
more steps than the training does. A network that has only just been initialised is at chance level too, but leaves at
once: the share of the way that is spent there is what makes a plateau (K. Fukumizu and S. Amari, Local minima and
plateaus in hierarchical structures of multilayer perceptrons, Neural Networks 13, 2000).
"""

from __future__ import annotations

from gradcheck.training.doctor.causes.cause import Illness, Symptom, counted, roughly
from gradcheck.training.doctor.measurements import NEAR, Examination

#: A plateau takes this share of the way out.
SHARE = 0.5

#: Downward curvature that is a way out, relative to the largest curvature.
BENT = 1e-6


def look(examination: Examination) -> Symptom | None:
    """Whether the loss is at chance level and stays there for longer than the training lasts."""
    patient, regimen = examination.patient, examination.patient.regimen
    if regimen is None or not examination.held_up or not examination.at_chance:
        return None
    course, level = examination.course, examination.chance
    evidence = f"loss {course.end:.6g} after {course.steps[-1]:,} steps; a constant answer has {level}"
    if regimen.effective is None or not regimen.effective > 0:
        walked = course.steps[-1] >= patient.planned and _way_down(examination)
        return Symptom("loss", _message(examination, "longer than that"), evidence, FIX) if walked else None
    return _by_flow(examination, regimen.effective, evidence)


def _by_flow(examination: Examination, rate: float, evidence: str) -> Symptom | None:
    """The same where the number of steps can be told from the gradient flow."""
    patient, way, level = examination.patient, examination.escape, examination.chance
    if level is None or way.share_near(level.level, NEAR) < SHARE:
        return None
    steps = way.steps(rate)
    if (way.times[-1] / rate if steps is None else steps) <= patient.planned:
        return None
    evidence += f"\n‖∇J‖ is {way.norms[0]:.2g} at the start and {min(way.norms):.2g} at its smallest"
    bend = examination.late_curvature
    if bend is not None:
        evidence += f"; curvatures after these steps: {bend.lowest:.2g} to {bend.highest:.2g}"
    if steps is None:
        if not _way_down(examination):
            return None
        evidence += f"\nthe gradient flow is still there at t = {way.times[-1]:,.0f}, {way.gradients:,} gradients later"
        takes = f"more than {roughly(way.times[-1] / rate, way.times[-1] / rate)} steps at {rate:g}"
        return Symptom("loss", _message(examination, takes), evidence, FIX)
    evidence += (
        f"\nthe gradient flow is at half of that, {way.target:.4g}, at t = {way.halved:,.0f} ({way.gradients:,} "
        f"gradients): {counted(steps)} steps of {rate:g}"
    )
    other = examination.escape_elsewhere
    counts = [steps, *([] if other is None or other.halved is None else [other.halved / rate])]
    if len(counts) > 1:
        evidence += f"; from another start of the same kind {counted(counts[1])}"
    takes = f"about {roughly(min(counts), max(counts))} steps at {rate:g}"
    return Symptom("loss", _message(examination, takes), evidence, FIX)


def _message(examination: Examination, takes: str) -> str:
    patient = examination.patient
    planned = roughly(patient.planned, patient.planned)
    if patient.iterations:
        stops = f"the program ({patient.iterations}) stops after {planned}"
    else:
        stops = f"the training {'stops' if patient.said else 'is taken to stop'} after {planned}"
    return (
        f"the loss is at chance level, {examination.chance}, on a plateau: the gradient is right, and next to nothing. "
        f"The way out takes {takes}, and {stops}"
    )


def _way_down(examination: Examination) -> bool:
    """Whether the loss bends downward somewhere: else it is a minimum, and the model can do no better."""
    bend = examination.late_curvature
    return bend is not None and bend.lowest < -BENT * bend.highest and bend.lowest < -2 * bend.errors[0]


FIX = (
    "Begin elsewhere (larger initial weights, so that units differ) or take steps that do not shrink with the gradient "
    "(RMSProp, Adam, iRprop−)."
)

ILLNESS = Illness("GT101", "chance-plateau", look)
