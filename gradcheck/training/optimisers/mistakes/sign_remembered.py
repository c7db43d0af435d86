"""Rprop stores the new sign after a change of sign, where it should store 0."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from gradcheck.training.optimisers.mistakes.mistake import MistakeContext, RuleMistake, Variant
from gradcheck.training.optimisers.resilient import ResilientRule


class SignRemembered(RuleMistake):
    """The next step changes Δ again."""

    slug = "sign-remembered"
    term = "the sign after a change of sign"
    summary = "after a change of sign the new sign is stored instead of 0, so the next step changes Δ again"
    fix = "After a change of sign store 0, so that the next step leaves Δ unchanged."

    def variants(self, context: MistakeContext) -> Iterator[Variant]:
        """The single variant."""
        if isinstance(context.formula, ResilientRule) and context.formula.after_sign_change == "wait":
            yield Variant(replace(context.formula, after_sign_change="wait and keep"))
