"""The loss stays where a constant answer has it, and the way out is long.

**Numbers.** The loss after the patient's own steps against that of the best constant answer, −Σ p ln p for labels in shares
p (`gradcheck.training.chance`), and the number of steps until the loss has halved, from the gradient flow
(`gradcheck.training.escape`).

**Thresholds.** Within 1% of that loss at the end of the walk, and for at least half of the way out; and the way takes more
steps than the training does. A network that has only just been initialised is at chance level too, but leaves at once: the
share of the way that is spent there is what makes a plateau (K. Fukumizu and S. Amari, Local minima and plateaus in
hierarchical structures of multilayer perceptrons, Neural Networks 13, 2000).
"""

from __future__ import annotations

from gradcheck.training.examination import NEAR, Examination
from gradcheck.training.illnesses.illness import Illness, Symptom, counted

#: A plateau takes this share of the way out.
SHARE = 0.5

#: Downward curvature that is a way out, relative to the largest curvature.
BENT = 1e-6


def look(examination: Examination) -> Symptom | None:
    """Whether the loss is at chance level and stays there for longer than the training lasts."""
    patient, regimen = examination.patient, examination.patient.regimen
    if regimen is None or not examination.held_up or not examination.at_chance:
        return None
    level, course = examination.chance, examination.course
    assert level is not None
    evidence = f"loss {course.end:.6g} after {course.steps[-1]:,} steps; a constant answer has {level}"
    if regimen.effective is None or not regimen.effective > 0:
        if course.steps[-1] < patient.planned or not _way_down(examination):
            return None
        return Symptom("loss", _message(str(level), course.steps[-1]), evidence, FIX)
    way = examination.escape
    if way.share_near(level.level, NEAR) < SHARE:
        return None
    steps = way.steps(regimen.effective)
    if steps is None:
        steps = way.times[-1] / regimen.effective
        if steps <= patient.planned or not _way_down(examination):
            return None
        evidence += f"\nafter {counted(steps)} steps of {regimen.effective:g} the gradient flow is still there"
        return Symptom("loss", _message(str(level), steps), evidence, FIX)
    if steps <= patient.planned:
        return None
    evidence += (
        f"\n‖∇J‖ is {way.norms[0]:.2g} at the start and {min(way.norms):.2g} at its smallest: the gradient flow "
        f"({way.gradients:,} gradients) needs t = {way.halved:,.0f} until the loss is {way.target:.4g}, {counted(steps)} "
        f"steps of {regimen.effective:g}{patient.iterations}"
    )
    bend = examination.late_curvature
    if bend is not None:
        evidence += f"\ncurvatures there: from {bend.lowest:.2g} to {bend.highest:.2g}"
    return Symptom("loss", _message(str(level), steps), evidence, FIX)


def _message(level: str, steps: float) -> str:
    return (
        f"the loss is at chance level, {level}, and on a plateau: the gradient is right, and next to nothing; the way out "
        f"takes {counted(steps)} steps or more at this step size"
        if steps < 1
        else f"the loss is at chance level, {level}, on a plateau where the gradient is right and next to nothing: the way "
        f"out takes about {counted(steps)} steps at this step size"
    )


def _way_down(examination: Examination) -> bool:
    """Whether the loss bends downward somewhere: else it is a minimum, and the model can do no better."""
    bend = examination.late_curvature
    return bend is not None and bend.lowest < -BENT * bend.highest and bend.lowest < -2 * bend.errors[0]


FIX = (
    "Begin elsewhere (larger initial weights, so that units differ) or take steps that do not shrink with the gradient "
    "(RMSProp, Adam, iRprop−); what was tried stands below."
)

ILLNESS = Illness("GT101", "chance-plateau", look)
