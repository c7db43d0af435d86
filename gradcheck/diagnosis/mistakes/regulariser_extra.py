"""GC403: a penalty in the gradient that the loss has not."""

from __future__ import annotations

from gradcheck.diagnosis.mistakes.regulariser_missing import RegulariserMissing


class RegulariserExtra(RegulariserMissing):
    """With λ w, or λ sign w, too many."""

    code, slug = "GC403", "regulariser-extra"
    says = "with a penalty that the loss has not"
    fix = "Take the weight decay out of the gradient, or add the penalty to the loss."
    sign = 1
