"""The step sizes of Rprop shrink where they should grow."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from gradcheck.training.optimisers.mistakes.mistake import MistakeContext, RuleMistake, Variant
from gradcheck.training.optimisers.resilient import ResilientRule


class FactorsExchanged(RuleMistake):
    """η⁺ and η⁻ are exchanged."""

    slug = "factors-exchanged"
    term = "η⁺ and η⁻"
    summary = "the step size grows where it should shrink, and shrinks where it should grow"
    fix = "Multiply by η⁺ > 1 while the sign is constant, and by η⁻ < 1 when it changes."
    needs = ("shrink", "grow")

    def variants(self, context: MistakeContext) -> Iterator[Variant]:
        """The single variant."""
        if isinstance(context.formula, ResilientRule):
            yield Variant(replace(context.formula, grow=context.formula.shrink, shrink=context.formula.grow))
