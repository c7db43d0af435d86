"""A step uses a moving average that does not contain its own gradient yet."""

from __future__ import annotations

from collections.abc import Iterator

from gradcheck.training.optimisers.mistakes.mistake import MistakeContext, RuleMistake, Variant, averages, with_term


class AverageLate(RuleMistake):
    """The average of the previous step is used."""

    slug = "average-late"
    term = "the order of the lines"
    summary = "an average is used before this step's gradient has entered it"
    fix = "Update the average first, then step."

    def variants(self, context: MistakeContext) -> Iterator[Variant]:
        """Each average."""
        for field, name, average in averages(context.formula):
            if not average.lagged:
                yield Variant(with_term(context.formula, field, lagged=True), name)
