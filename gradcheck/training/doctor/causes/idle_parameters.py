"""Weights that no update changes.

**Number.** The gradient by a block of weights, at the start and where the course ended: exactly zero, while that of
another is not. Of a program also a derivative that is computed and never used.

**Threshold.** Zero. A weight whose gradient is right and zero throughout is not trained by any rule that follows the
gradient.
"""

from __future__ import annotations

from gradcheck.training.doctor.causes.cause import Illness, Symptom
from gradcheck.training.doctor.measurements import Examination


def look(examination: Examination) -> Symptom | None:
    """Blocks of weights that stay as they are while others move."""
    patient = examination.patient
    if not examination.held_up:
        return None
    late = patient.gradient(examination.course.last)
    still, moving = [], False
    for weights in patient.weights:
        where = patient.space.slices[weights.block]
        if examination.gradient[where].any() or late[where].any():
            moving = True
        else:
            still.append(patient.space.blocks[weights.block].name)
    if not still or not (moving or late.any()):
        return None
    names = ", ".join(still)
    return Symptom(
        names,
        "no update changes these weights: their gradient is right, and zero",
        f"the gradient by {names} is exactly zero at the start and after {examination.course.steps[-1]:,} steps, and "
        "that by "
        "others is not",
        "Look for what cuts them off: outgoing weights that are all zero, units that are dead, an input that is "
        "always zero.",
    )


ILLNESS = Illness("GT112", "idle-parameters", look, unless=("dead-units", "symmetric-units"))
