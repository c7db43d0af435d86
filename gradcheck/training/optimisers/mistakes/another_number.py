"""A hyperparameter is not what it is said to be."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from gradcheck.training.optimisers.formula import Numbers
from gradcheck.training.optimisers.mistakes.mistake import RuleMistake, Scene, Variant


class AnotherNumber(RuleMistake):
    """The rule is right with another value of one of the hyperparameters that were given."""

    slug = "another-number"
    term = "a hyperparameter"
    says = "a hyperparameter is another"
    fix = "Look for a default that is used in the place of the value given, or for a value used where another belongs."

    def variants(self, scene: Scene) -> Iterator[Variant]:
        """Each hyperparameter that was given."""
        for name, given in scene.reference.given.items():
            yield Variant(scene.formula, free=(name,), reads=_reading(name, given))


def _reading(name: str, given: float) -> Callable[[Numbers], str]:
    def read(numbers: Numbers) -> str:
        factor = f", {numbers[name] / given:.6g} times as large" if given else ""
        return f"{name} is {numbers[name]:.6g} where {given:.6g} was given{factor}"

    return read
