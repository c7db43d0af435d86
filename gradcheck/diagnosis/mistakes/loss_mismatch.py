"""GC401 loss-mismatch: the claimed gradient is the gradient of another loss."""

from __future__ import annotations

from collections.abc import Iterator

from gradcheck.diagnosis.context import Context
from gradcheck.diagnosis.mistakes.mistake import ExactArray, Mistake, Variant
from gradcheck.diagnosis.mistakes.other_losses import known_losses, same_loss


class LossMismatch(Mistake):
    """One loss is computed and another one differentiated: cross-entropy and squared error, for example."""

    code, slug = "GC401", "loss-mismatch"
    description = "the claimed gradient is that of another loss"
    fix = "Differentiate the loss that is computed, or compute the loss that was differentiated."
    allows_factor = True

    def variants(self, context: Context, block: int) -> Iterator[Variant]:
        """Yield the gradient of each other loss of `gradcheck.nn` that takes the same predictions and targets."""
        if context.loss is None:
            return
        for known in known_losses(context.loss):
            if not same_loss(known, context.loss):
                yield ExactArray(known.name, known.gradient)
