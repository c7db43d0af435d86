"""Nesterov's momentum does not look ahead."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from gradcheck.training.optimisers.formula import AveragingRule
from gradcheck.training.optimisers.mistakes.mistake import MistakeContext, RuleMistake, Variant


class LookAheadMissing(RuleMistake):
    """The rule is plain momentum."""

    slug = "look-ahead-missing"
    term = "the look-ahead"
    summary = "the step does not look ahead: this is plain momentum"
    fix = "Step along g + μ v, where v is the new velocity."
    needs = ("momentum",)

    def variants(self, context: MistakeContext) -> Iterator[Variant]:
        """The single variant."""
        if isinstance(context.formula, AveragingRule) and context.formula.look_ahead:
            yield Variant(replace(context.formula, look_ahead=False))
