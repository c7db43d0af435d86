"""ε is added inside the root, or before the bias correction, instead of to the root."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from gradcheck.training.optimisers.formula import AveragingRule
from gradcheck.training.optimisers.mistakes.mistake import MistakeContext, RuleMistake, Variant


class EpsilonPlace(RuleMistake):
    """√(s + ε) instead of √s + ε, or ε added before the correction of s."""

    slug = "epsilon-place"
    term = "epsilon"
    summary = "ε is added in another place"
    fix = "Add ε outside the root: √s + ε. Inside the root, 1e-8 has the effect of 1e-4 outside."
    convention = "TensorFlow: inside the root in RMSProp, before the bias correction in Adam"

    def variants(self, context: MistakeContext) -> Iterator[Variant]:
        """Inside the root, and outside but before the bias correction."""
        if isinstance(context.formula, AveragingRule) and context.formula.square is not None:
            yield Variant(replace(context.formula, epsilon="inside"), "inside the root")
            if context.formula.square.correction:
                yield Variant(replace(context.formula, epsilon="uncorrected"), "added to the uncorrected root")
