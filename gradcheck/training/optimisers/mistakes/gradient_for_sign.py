"""The step is Δ times the gradient instead of its sign."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from gradcheck.training.optimisers.mistakes.mistake import MistakeContext, RuleMistake, Variant
from gradcheck.training.optimisers.resilient import ResilientRule


class GradientForSign(RuleMistake):
    """The size of the gradient matters."""

    slug = "gradient-for-sign"
    term = "the sign of the gradient"
    summary = "the step is Δ times the gradient instead of its sign"
    fix = "Step by Δ times the sign of the gradient."

    def variants(self, context: MistakeContext) -> Iterator[Variant]:
        """The single variant."""
        if isinstance(context.formula, ResilientRule):
            yield Variant(replace(context.formula, scaled=True))
