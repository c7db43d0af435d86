"""The step has the wrong sign."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from gradcheck.training.optimisers.mistakes.mistake import MistakeContext, RuleMistake, Variant


class SignFlipped(RuleMistake):
    """The rule goes uphill."""

    slug = "sign-flipped"
    term = "the sign"
    summary = "every change has the opposite sign"
    fix = "Subtract the step: θ ← θ − η g goes downhill, θ + η g uphill."

    def variants(self, context: MistakeContext) -> Iterator[Variant]:
        """The single variant."""
        yield Variant(replace(context.formula, sign=-context.formula.sign))
