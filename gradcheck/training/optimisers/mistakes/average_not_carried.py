"""An average starts from 0 at each call."""

from __future__ import annotations

from collections.abc import Iterator

from gradcheck.training.optimisers.mistakes.mistake import MistakeContext, RuleMistake, Variant, averages, with_term


class AverageNotCarried(RuleMistake):
    """The previous value of an average is lost."""

    slug = "average-not-carried"
    term = "the state"
    summary = "an average is not kept from step to step"
    fix = "Store the new average where the next call reads it."
    needs = ("momentum", "decay", "beta1", "beta2")

    def variants(self, context: MistakeContext) -> Iterator[Variant]:
        """Each average."""
        for field, name, average in averages(context.formula):
            if average.persistent:
                yield Variant(with_term(context.formula, field, persistent=False), name)
