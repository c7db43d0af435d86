"""GC404 clip-mismatch: the loss has a clip or an epsilon that its gradient ignores."""

from __future__ import annotations

from collections.abc import Iterator

from gradcheck.diagnosis.context import Context
from gradcheck.diagnosis.mistakes.mistake import ExactArray, Mistake, Variant
from gradcheck.diagnosis.mistakes.other_losses import known_losses, same_loss


class ClipMismatch(Mistake):
    """The claimed gradient is that of the loss without its clip or epsilon."""

    code, slug = "GC404", "clip-mismatch"
    description = "the gradient ignores the clip or epsilon of the loss"
    fix = "Set the gradient to zero where the loss is clipped, and include the epsilon of the loss in its derivative."

    def variants(self, context: Context, block: int) -> Iterator[Variant]:
        """Yield the gradients of the losses of `gradcheck.nn` that equal this one except for a clip or epsilon."""
        if context.loss is None:
            return
        for known in known_losses(context.loss):
            if same_loss(known, context.loss):
                yield ExactArray(f"it is the gradient of {known.name}", known.gradient)
