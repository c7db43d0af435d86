"""The step is divided by the mean square instead of its root."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from gradcheck.training.optimisers.formula import AveragingRule
from gradcheck.training.optimisers.mistakes.mistake import MistakeContext, RuleMistake, Variant


class RootMissing(RuleMistake):
    """The root is missing."""

    slug = "root-missing"
    term = "the root"
    summary = "the root of the mean square is not taken"
    fix = "Divide by √s: the step then has the size of the rate, whatever the size of the gradient."

    def variants(self, context: MistakeContext) -> Iterator[Variant]:
        """The single variant."""
        if isinstance(context.formula, AveragingRule) and context.formula.square is not None:
            yield Variant(replace(context.formula, take_root=False))
