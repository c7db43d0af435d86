"""GC404: the loss is clipped, its gradient is not."""

from __future__ import annotations

from collections.abc import Iterator

from gradcheck.diagnosis.context import Context
from gradcheck.diagnosis.mistakes._rivals import rivals
from gradcheck.diagnosis.mistakes.loss_mismatch import SAME
from gradcheck.diagnosis.mistakes.mistake import Known, Mistake, Variant


class ClipMismatch(Mistake):
    """The gradient of the loss without its clip or epsilon."""

    code, slug = "GC404", "clip-mismatch"
    says = "the gradient of the loss without its clip or epsilon"
    fix = "Where the loss is clipped its gradient is zero; and an epsilon in the loss belongs into its derivative."

    def variants(self, scene: Context, block: int) -> Iterator[Variant]:
        """Losses of `gradcheck.nn` that this one is where it is not clipped."""
        loss = scene.loss
        if loss is None:
            return
        bases = [kind.__name__ for kind in type(loss.criterion).__mro__]
        for name, value, slope in rivals(loss):
            if name in bases or abs(value - loss.value) <= SAME * abs(loss.value):
                yield Known(f"that of {name}", slope)
