"""GC602 asymmetric-hessian: a Hessian of which one triangle is wrong."""

from __future__ import annotations

from gradcheck.diagnosis.mistakes.mistake import ObservedMistake


class AsymmetricHessian(ObservedMistake):
    """The Hessian of a smooth function is symmetric, and the claimed one is not."""

    code, slug = "GC602", "asymmetric-hessian"
    description = "the claimed Hessian is not symmetric, but that of a smooth function is"
    fix = "Fill both triangles from one loop: H[j, i] = H[i, j]; check which one the last copy overwrites."
