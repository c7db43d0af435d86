"""All state is lost at each call."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from gradcheck.training.optimisers.formula import AveragingRule
from gradcheck.training.optimisers.mistakes.mistake import MistakeContext, RuleMistake, Variant, averages


class StateReset(RuleMistake):
    """Each step is a first step."""

    slug = "state-reset"
    term = "the state"
    summary = "all state is lost at each call"
    fix = "Create the averages once, outside of the step."
    needs = ("momentum", "decay", "beta1", "beta2")

    def variants(self, context: MistakeContext) -> Iterator[Variant]:
        """One with the step count kept, and one with the step count lost as well."""
        yield Variant(replace(context.formula, reset_each_step=True))
        if any(average.correction is not None for _, _, average in averages(context.formula)):
            assert isinstance(context.formula, AveragingRule)
            yield Variant(
                replace(context.formula, reset_each_step=True, step_count=lambda step, sequence: 1),
                "the step count as well",
            )
