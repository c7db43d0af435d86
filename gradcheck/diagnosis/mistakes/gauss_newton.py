"""GC608 gauss-newton: an approximation of the Hessian in its place."""

from __future__ import annotations

from gradcheck.diagnosis.mistakes.mistake import ObservedMistake


class GaussNewton(ObservedMistake):
    """JᵀJ of residuals, or of the terms of a sum, is claimed to be the Hessian."""

    code, slug = "GC608", "gauss-newton"
    description = "the claim is JᵀJ, an approximation of the Hessian: the terms with second derivatives are missing"
    fix = (
        "If an approximation is meant, pass it to a solver that expects one, such as scipy.optimize.least_squares; "
        "else add the sum of rᵢ ∇²rᵢ."
    )
