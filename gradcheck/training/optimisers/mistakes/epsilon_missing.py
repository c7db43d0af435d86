"""There is no ε."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from gradcheck.training.optimisers.formula import AveragingRule
from gradcheck.training.optimisers.mistakes.mistake import MistakeContext, RuleMistake, Variant


class EpsilonMissing(RuleMistake):
    """Steps are divided by √s alone."""

    slug = "epsilon-missing"
    term = "epsilon"
    summary = "there is no ε"
    fix = "Add ε outside the root: √s + ε. Without it the step is 0/0 where all gradients so far were 0."

    def variants(self, context: MistakeContext) -> Iterator[Variant]:
        """The single variant."""
        if isinstance(context.formula, AveragingRule) and context.formula.square is not None:
            yield Variant(replace(context.formula, epsilon="nowhere"))
