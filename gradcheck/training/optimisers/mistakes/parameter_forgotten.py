"""One parameter never changes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from gradcheck.training.optimisers.mistakes.mistake import MistakeContext, RuleMistake, Variant


class ParameterForgotten(RuleMistake):
    """A block is left out."""

    slug = "parameter-forgotten"
    term = "the list of parameters"
    summary = "a parameter is never changed"
    fix = "Loop over all parameters."

    def variants(self, context: MistakeContext) -> Iterator[Variant]:
        """Each block, if there are several."""
        if len(context.sequence.slices) < 2:
            return
        for block, name in enumerate(context.sequence.names):
            yield Variant(replace(context.formula, frozen_blocks=(block,)), name)
