"""ε stands elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from gradcheck.training.optimisers.formula import Averaging
from gradcheck.training.optimisers.mistakes.mistake import RuleMistake, Scene, Variant


class EpsilonPlace(RuleMistake):
    """√(s + ε) for √s + ε, or added before the correction of s."""

    slug = "epsilon-place"
    term = "epsilon"
    says = "ε stands in another place"
    fix = "Add ε to the root: √s + ε. Inside the root it weighs as much as √ε outside: 1e-8 as much as 1e-4."
    convention = "TensorFlow: inside the root in RMSProp, before the correction in Adam"

    def variants(self, scene: Scene) -> Iterator[Variant]:
        """Inside the root, and outside but before the bias correction."""
        if isinstance(scene.formula, Averaging) and scene.formula.square is not None:
            yield Variant(replace(scene.formula, epsilon="inside"), "inside the root")
            if scene.formula.square.corrected:
                yield Variant(replace(scene.formula, epsilon="uncorrected"), "beside the uncorrected root")
