"""A hyperparameter has another value than the one given."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from gradcheck.training.optimisers.formula import Hyperparameters
from gradcheck.training.optimisers.mistakes.mistake import MistakeContext, RuleMistake, Variant


class AnotherNumber(RuleMistake):
    """The rule is right with another value of one hyperparameter that was given."""

    slug = "another-number"
    term = "a hyperparameter"
    summary = "a hyperparameter has another value"
    fix = "Look for a default that is used instead of the given value, or for two values that are exchanged."

    def variants(self, context: MistakeContext) -> Iterator[Variant]:
        """Each hyperparameter that was given."""
        for name, given in context.reference.given.items():
            yield Variant(context.formula, free=(name,), describe=_describe(name, given))


def _describe(name: str, given: float) -> Callable[[Hyperparameters], str]:
    def describe(values: Hyperparameters) -> str:
        factor = f", {values[name] / given:.6g} times as large" if given else ""
        return f"{name} is {values[name]:.6g} where {given:.6g} was given{factor}"

    return describe
