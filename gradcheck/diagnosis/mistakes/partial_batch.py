"""GC204 partial-batch: the claimed gradient covers only a part of the batch."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from gradcheck.diagnosis.context import Context
from gradcheck.diagnosis.mistakes.mistake import Mistake, OtherLoss, Variant


class Part(NamedTuple):
    """A part of a batch: what it is called, its samples, and the least number of samples for which it is distinct."""

    name: str
    samples: slice
    least: int


#: Parts that a loop or slice typically leaves. With two samples "all but the first" is the last one.
PARTS = (
    Part("the first sample only", slice(0, 1), 2),
    Part("the last sample only", slice(-1, None), 2),
    Part("all but the first sample", slice(1, None), 3),
    Part("all but the last sample", slice(0, -1), 3),
)


class PartialBatch(Mistake):
    """The gradient of the first or the last sample, or of all but one of them."""

    code, slug = "GC204", "partial-batch"
    description = "the claimed gradient covers only a part of the batch"
    fix = "Sum over all samples: look for an index or a slice of the batch, and for = in a loop where += is meant."
    allows_factor = True  # the mean of the part, or its share of the mean of all

    def variants(self, context: Context, block: int) -> Iterator[Variant]:
        """Yield the loss of each part, if the batch can be split."""
        for part in PARTS:
            if context.subject.samples < part.least:
                continue
            smaller = context.subject.restricted(part.samples)
            if smaller is not None:
                yield OtherLoss(part.name, smaller.loss)
