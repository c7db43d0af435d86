"""GC506 solver-tolerance: the gradient is as right as the solver inside the loss."""

from __future__ import annotations

from gradcheck.diagnosis.mistakes.mistake import ObservedMistake


class SolverTolerance(ObservedMistake):
    """Loss and gradient each come from a solver that stops early: the gradient may be right, to that accuracy."""

    code, slug = "GC506", "solver-tolerance"
    description = "the gradient agrees as far as a solver's tolerance inside the loss may allow"
    fix = (
        "Tighten the tolerances (rtol, atol, tol) of solvers and integrators in the loss and in its gradient, and "
        "check again. loss_accuracy= says how accurate they are, 0 that there is no solver."
    )
