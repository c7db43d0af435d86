"""Weights that no update changes: their gradient is exactly zero, or a script never uses it.

**Quantity.** The gradient with respect to a block of weights, at the start and at the end of the trajectory. In a
script also a derivative that is computed but never used.

**Threshold.** Exactly zero, while the gradient of another block is not. A weight whose gradient is correct and zero
throughout is not trained by any rule that follows the gradient.
"""

from __future__ import annotations

from gradcheck.diagnosis.finding import Finding
from gradcheck.training.doctor.causes.cause import Cause, SourceLocation
from gradcheck.training.doctor.measurements import Measurements

CODE, SLUG = "GT112", "idle-parameters"


def find(measurements: Measurements) -> Finding | None:
    """Blocks of weights whose gradient is zero, while that of another parameter is not."""
    run = measurements.run
    if not measurements.stalled:
        return None
    final = run.gradient(measurements.trajectory.final_parameters)
    idle, trained = [], False
    for weights in run.weights:
        where = run.layout.slices[weights.block]
        if measurements.gradient[where].any() or final[where].any():
            trained = True
        else:
            idle.append(run.layout.blocks[weights.block].name)
    if not idle or not (trained or final.any()):
        return None
    names = ", ".join(idle)
    return Finding(
        CODE,
        SLUG,
        names,
        "no update changes these weights: their gradient is correct and exactly zero",
        f"the gradient with respect to {names} is exactly zero at the start and after "
        f"{measurements.trajectory.steps[-1]:,} steps; that of other parameters is not",
        "Find out what disconnects them: outgoing weights that are all zero, dead units, or an input that is always "
        "zero.",
    )


def unused_derivative(name: str, derivative: str, location: SourceLocation) -> Finding:
    """The finding about a parameter of a script whose derivative is computed but never used.

    Parameters
    ----------
    name, derivative : str
        The parameter and its derivative, as the script calls them.
    location : SourceLocation
        Where the derivative is computed.
    """
    return Finding(
        CODE,
        SLUG,
        name,
        f"no update changes {name}: {derivative} is computed but never used",
        f"line {location.line}: {derivative} has the shape of {name} and is not zero; an iteration of the loop leaves "
        f"{name} unchanged bit for bit, although the loss depends on it",
        f"Update it like the other parameters: {name} -= step * {derivative}",
        location.file,
        location.line,
    )


CAUSE = Cause(CODE, SLUG, find, explained_by=("dead-units", "symmetric-units"))
