"""A step is taken although the sign of the gradient has changed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from gradcheck.training.optimisers.mistakes.mistake import MistakeContext, RuleMistake, Variant
from gradcheck.training.optimisers.resilient import ResilientRule


class StepAfterSignChange(RuleMistake):
    """The parameter does not wait."""

    slug = "step-after-sign-change"
    term = "the step after a change of sign"
    summary = "a parameter does not wait after its gradient has changed sign"
    fix = "After a change of sign, leave the parameter unchanged and store a sign of 0."
    convention = "the other members of the family, Rprop⁺ and Rprop⁻"

    def variants(self, context: MistakeContext) -> Iterator[Variant]:
        """A step with and without the sign kept, and a step back."""
        if isinstance(context.formula, ResilientRule) and context.formula.after_sign_change == "wait":
            yield Variant(replace(context.formula, after_sign_change="go"), "it takes a step, as Rprop⁻ does")
            yield Variant(
                replace(context.formula, after_sign_change="go and forget"),
                "it takes a step, and the sign is forgotten",
            )
            yield Variant(replace(context.formula, after_sign_change="back"), "it undoes its last step, as Rprop⁺ does")
