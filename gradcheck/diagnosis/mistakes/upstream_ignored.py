"""GC313 upstream-ignored: the backward pass of a layer does not use the gradient that comes in."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np

from gradcheck.diagnosis.context import Context
from gradcheck.diagnosis.mistakes.mistake import Mistake, OtherLoss, Variant, differs


class UpstreamIgnored(Mistake):
    """The derivative of Σ y is returned for that of Σ U y: right only if every entry of U is one."""

    code, slug = "GC313", "upstream-ignored"
    description = "the backward pass ignores the incoming gradient: it is right only where that is one everywhere"
    preferred_to_factor = True  # of a single output it is one over the incoming gradient times the right one
    fix = (
        "Multiply by the incoming gradient: return upstream * f_prime(z), or upstream @ W.T, not the derivative alone."
    )

    def variants(self, context: Context, block: int) -> Iterator[Variant]:
        """Yield the sum of the outputs of a layer as its loss."""
        layer = context.layer
        if layer is not None and differs(layer.upstream, np.ones_like(layer.upstream)):
            yield OtherLoss("", partial(layer.loss, upstream=np.ones_like(layer.upstream)))
