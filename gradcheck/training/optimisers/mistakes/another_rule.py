"""The rule is the one of another name."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from gradcheck.training.optimisers.formula import Hyperparameters
from gradcheck.training.optimisers.mistakes.mistake import MistakeContext, RuleMistake, Variant
from gradcheck.training.optimisers.references import FORMULAS, hyperparameter_names


class AnotherRule(RuleMistake):
    """The rule is right, but it is another reference."""

    slug = "another-rule"
    term = "the rule"
    summary = "it is another rule"
    fix = "Rename it, or change it to the rule of its name."

    def variants(self, context: MistakeContext) -> Iterator[Variant]:
        """All other references. Hyperparameters that they share keep their values; the rest is fitted."""
        if context.formula is not context.reference.formula:
            return
        for kind, formula in FORMULAS.items():
            if kind != context.reference.kind:
                free = tuple(name for name in hyperparameter_names(kind) if name not in context.reference.given)
                yield Variant(formula, free=free, describe=_describe(kind))


def _describe(kind: str) -> Callable[[Hyperparameters], str]:
    def describe(values: Hyperparameters) -> str:
        return f"{kind}({', '.join(f'{name}={values[name]:.6g}' for name in hyperparameter_names(kind))})"

    return describe
