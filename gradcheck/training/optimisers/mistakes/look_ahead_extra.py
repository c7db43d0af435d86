"""Momentum looks ahead."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from gradcheck.training.optimisers.formula import AveragingRule
from gradcheck.training.optimisers.mistakes.mistake import MistakeContext, RuleMistake, Variant


class LookAheadExtra(RuleMistake):
    """The rule is Nesterov's momentum."""

    slug = "look-ahead-extra"
    term = "the look-ahead"
    summary = "the step looks ahead: this is Nesterov's momentum"
    fix = "Step along the velocity v, or compare with Nesterov."

    def variants(self, context: MistakeContext) -> Iterator[Variant]:
        """The single variant."""
        formula = context.formula
        if (
            isinstance(formula, AveragingRule)
            and formula.mean is not None
            and formula.square is None
            and not formula.look_ahead
        ):
            yield Variant(replace(formula, look_ahead=True))
