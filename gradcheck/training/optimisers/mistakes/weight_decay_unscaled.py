"""The decay is not multiplied by the rate."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from gradcheck.training.optimisers.formula import Averaging
from gradcheck.training.optimisers.mistakes.mistake import RuleMistake, Scene, Variant


class WeightDecayUnscaled(RuleMistake):
    """λ θ for η λ θ."""

    slug = "weight-decay-unscaled"
    term = "the weight decay"
    says = "the decay is not multiplied by the rate"
    fix = "Subtract η λ θ, or divide λ by the rate."
    convention = "the paper of Loshchilov and Hutter, where λ is multiplied by the schedule alone"
    needs = ("weight_decay",)

    def variants(self, scene: Scene) -> Iterator[Variant]:
        """One."""
        if isinstance(scene.formula, Averaging) and scene.formula.decay == "decoupled":
            yield Variant(replace(scene.formula, decay="unscaled"))
