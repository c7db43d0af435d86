"""GC105: a buffer is not reset."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from gradcheck.diagnosis.context import Context
from gradcheck.diagnosis.mistakes.mistake import Mistake, Right, Variant
from gradcheck.subjects.subject import copied

#: How far two growths may differ, relative to their size.
SAME = 1e-6


class Accumulated(Mistake):
    """Larger at each call."""

    code, slug = "GC105", "accumulated"
    says = "larger at each call by one more gradient: it is added to what was there before"
    fix = "Set the gradient to zero before each backward pass, or assign it (=) instead of adding to it (+=)."

    def variants(self, scene: Context, block: int) -> Iterator[Variant]:
        """What it grows by when it is asked for again at the same point."""
        first, second = (again[block] for again in scene.repeated)
        third = scene.subject.gradient(copied(scene.point))[block]
        growth, later = second - first, third - second
        size = np.abs(growth).max(initial=0.0)
        if size > 1e-9 * np.abs(first).max(initial=0.0) and np.abs(later - growth).max() <= SAME * size:
            yield Right("", growth)
