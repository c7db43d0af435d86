"""The step size Δ has no bounds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from gradcheck.training.optimisers.mistakes.mistake import MistakeContext, RuleMistake, Variant
from gradcheck.training.optimisers.resilient import ResilientRule


class BoundsMissing(RuleMistake):
    """Step sizes grow and shrink without limit."""

    slug = "bounds-missing"
    term = "the bounds of the step"
    summary = "the step size has no bounds"
    fix = "Keep Δ between its smallest and its largest value."
    needs = ("smallest", "largest")

    def variants(self, context: MistakeContext) -> Iterator[Variant]:
        """The single variant."""
        if isinstance(context.formula, ResilientRule) and context.formula.bounded:
            yield Variant(replace(context.formula, bounded=False))
