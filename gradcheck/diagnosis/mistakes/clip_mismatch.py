"""GC404 clip-mismatch: the loss has a clip or an epsilon that its gradient ignores."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.diagnosis.context import Context
from gradcheck.diagnosis.mistakes.mistake import ChangedSamples, ExactArray, Mistake, Variant
from gradcheck.diagnosis.mistakes.other_losses import known_losses, same_loss

#: The variant whose constant is an epsilon. A negative one is in the gradient, and not in the loss.
EPSILON = "log(p + ε)"


class ClipMismatch(Mistake):
    """The claimed gradient is that of the loss without its clip or epsilon."""

    code, slug = "GC404", "clip-mismatch"
    description = "the gradient ignores the clip or epsilon of the loss"
    subtle = True
    fix = "Set the gradient to zero where the loss is clipped, and include the epsilon of the loss in its derivative."

    def variants(self, context: Context, block: int) -> Iterator[Variant]:
        """Yield the gradients of the losses of `gradcheck.nn` that equal this one except for a clip or epsilon.

        For a model whose batch can be split, yield the loss −log p of each sample in place of −log(p + ε).
        """
        if context.view is None and context.subject.samples > 1:
            yield ChangedSamples(EPSILON, without_epsilon)
        if context.loss is None:
            return
        for known in known_losses(context.loss):
            if same_loss(known, context.loss):
                yield ExactArray(f"it is the gradient of {known.name}", known.gradient)

    def message(self, detail: str, factor: float) -> str:
        """Describe an epsilon, with its size."""
        if detail != EPSILON:
            return super().message(detail, factor)
        if factor > 0:
            return (
                f"{self.description}: the loss has log(p + ε) with ε = {factor:.3g}, and the gradient is that of log p"
            )
        return (
            f"the gradient has an epsilon that the loss does not: it is that of log(p + ε) with ε = {-factor:.3g}, and "
            "the loss has log p"
        )


def without_epsilon(losses: NDArray[Any], epsilon: float) -> NDArray[Any]:
    """What −log p exceeds −log(p + ε) by, for each sample, over ε.

    The loss of a sample is ℓ = −log(p + ε), so that −log p = ℓ − log(1 − ε e^ℓ).

    Examples
    --------
    >>> p, epsilon = 0.01, 1e-4
    >>> added = without_epsilon(-np.log(np.array([p + epsilon])), epsilon)
    >>> float(epsilon * added[0] + np.log(p / (p + epsilon))) < 1e-15
    True
    """
    raised = np.exp(losses)
    with np.errstate(all="ignore"):
        return raised if epsilon == 0 else np.asarray(-np.log1p(-epsilon * raised) / epsilon)
