"""GC204: part of the batch only."""

from __future__ import annotations

from collections.abc import Iterator

from gradcheck.diagnosis.context import Context
from gradcheck.diagnosis.mistakes.mistake import Mistake, Rival, Variant

#: The parts that are told from each other.
PARTS = {
    "the first sample only": slice(0, 1),
    "the last sample only": slice(-1, None),
    "all but the first sample": slice(1, None),
    "all but the last sample": slice(0, -1),
}


class PartialBatch(Mistake):
    """The gradient of the first or the last sample, or of all but one."""

    code, slug = "GC204", "partial-batch"
    says = "that of part of the batch"
    fix = "Sum over all samples: look for an index or a slice of the batch, and for = in a loop where += is meant."
    absorbs = True

    def variants(self, scene: Context, block: int) -> Iterator[Variant]:
        """The loss of each part, where the batch can be split."""
        samples = scene.subject.samples
        for detail, part in PARTS.items() if samples > 1 else ():
            if samples == 2 and detail.startswith("all"):
                continue  # the same as a single one
            smaller = scene.subject.restricted(part)
            if smaller is not None:
                yield Rival(detail, smaller.loss)
