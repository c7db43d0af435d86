"""An average is used before the gradient has entered."""

from __future__ import annotations

from collections.abc import Iterator

from gradcheck.training.optimisers.mistakes.mistake import RuleMistake, Scene, Variant, averages, exchanged


class AverageLate(RuleMistake):
    """The average of the last step is used."""

    slug = "average-late"
    term = "the order of the lines"
    says = "an average is used before this step's gradient has entered it"
    fix = "First bring the average up to date, then step."

    def variants(self, scene: Scene) -> Iterator[Variant]:
        """Each average."""
        for field, name, average in averages(scene.formula):
            if not average.late:
                yield Variant(exchanged(scene.formula, field, late=True), name)
