"""The rule is one of another name."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from gradcheck.training.optimisers.formula import Numbers
from gradcheck.training.optimisers.mistakes.mistake import RuleMistake, Scene, Variant
from gradcheck.training.optimisers.references import FORMULAS, numbers_of


class AnotherRule(RuleMistake):
    """The rule is right, and another one."""

    slug = "another-rule"
    term = "the rule"
    says = "it is another rule"
    fix = "Call it by its name, or change it to the one that it is called after."

    def variants(self, scene: Scene) -> Iterator[Variant]:
        """All other references; hyperparameters that they share keep their values, the rest is fitted."""
        if scene.formula is not scene.reference.formula:
            return
        for kind, formula in FORMULAS.items():
            if kind != scene.reference.kind:
                free = tuple(name for name in numbers_of(kind) if name not in scene.reference.given)
                yield Variant(formula, free=free, reads=_reading(kind))


def _reading(kind: str) -> Callable[[Numbers], str]:
    def read(numbers: Numbers) -> str:
        return f"{kind}({', '.join(f'{name}={numbers[name]:.6g}' for name in numbers_of(kind))})"

    return read
