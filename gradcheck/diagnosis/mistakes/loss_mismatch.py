"""GC401: the gradient of another loss."""

from __future__ import annotations

from collections.abc import Iterator

from gradcheck.diagnosis.context import Context
from gradcheck.diagnosis.mistakes._rivals import rivals
from gradcheck.diagnosis.mistakes.mistake import Known, Mistake, Variant

#: A loss of nearly the same value is the same loss, but for a clip or an epsilon.
SAME = 1e-3


class LossMismatch(Mistake):
    """Squared error for cross-entropy, say."""

    code, slug = "GC401", "loss-mismatch"
    says = "the gradient of another loss"
    fix = "Differentiate the loss that is computed, or compute the loss that was differentiated."
    absorbs = True

    def variants(self, scene: Context, block: int) -> Iterator[Variant]:
        """Each other loss of `gradcheck.nn` that takes the same predictions and targets."""
        loss = scene.loss
        if loss is None:
            return
        bases = [kind.__name__ for kind in type(loss.criterion).__mro__]
        for name, value, slope in rivals(loss):
            if name not in bases and abs(value - loss.value) > SAME * abs(loss.value):
                yield Known(f"that of {name}", slope)
