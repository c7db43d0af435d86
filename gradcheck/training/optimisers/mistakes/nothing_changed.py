"""No parameter changes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from gradcheck.training.optimisers.mistakes.mistake import MistakeContext, RuleMistake, Variant


class NothingChanged(RuleMistake):
    """The result is discarded."""

    slug = "nothing-changed"
    term = "the assignment"
    summary = "no parameter is changed"
    fix = (
        "Change the arrays in place (`w -= step`), or return the new ones: `w = w - step` makes a new array that is "
        "local to the function."
    )

    def variants(self, context: MistakeContext) -> Iterator[Variant]:
        """The single variant."""
        yield Variant(replace(context.formula, frozen_blocks=tuple(range(len(context.sequence.slices)))))
