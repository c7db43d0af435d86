"""All parameters share one state."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from gradcheck.training.optimisers.mistakes.mistake import MistakeContext, RuleMistake, Variant


class StateShared(RuleMistake):
    """One average serves all parameters."""

    slug = "state-shared"
    term = "the state"
    summary = "all parameters share one state"
    fix = "Keep one average per parameter: a dict by name, or a list parallel to the parameters."

    def variants(self, context: MistakeContext) -> Iterator[Variant]:
        """The single variant, if all parameters have the same shape."""
        if context.sequence.equal_shapes:
            yield Variant(replace(context.formula, shared_state=True))
