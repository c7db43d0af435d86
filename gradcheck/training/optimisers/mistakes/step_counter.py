"""The t of the bias correction is not 1, 2, 3, …"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from gradcheck.training.optimisers.formula import AveragingRule
from gradcheck.training.optimisers.mistakes.mistake import MistakeContext, RuleMistake, Variant, averages


class StepCounter(RuleMistake):
    """t is not 1, 2, 3, … in the bias correction."""

    slug = "step-counter"
    term = "the step counter"
    summary = "steps are counted wrongly"
    fix = "Count 1, 2, 3, …: once per step, before the correction, and not once per parameter."

    def variants(self, context: MistakeContext) -> Iterator[Variant]:
        """From 0, from 2, not at all, and once per parameter."""
        if not any(average.correction is not None for _, _, average in averages(context.formula)):
            return
        assert isinstance(context.formula, AveragingRule)
        yield Variant(replace(context.formula, step_count=lambda step, sequence: step), "from 0")
        yield Variant(replace(context.formula, step_count=lambda step, sequence: step + 2), "from 2")
        yield Variant(replace(context.formula, step_count=lambda step, sequence: 1), "always 1")
        if (blocks := len(context.sequence.slices)) > 1:
            yield Variant(
                replace(context.formula, step_count=lambda step, sequence: step * blocks + sequence.block + 1),
                "once per parameter",
            )
