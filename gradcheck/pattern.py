"""Where in a block entries are wrong: a row, a column, a channel, all but the first sample."""

from __future__ import annotations

import numpy as np

from gradcheck.vantage import Vantage

#: Axes that are looked at entry by entry are no longer; what one slope costs, and what is left of the budget.
LONGEST, COST, LEAVE = 16, 10, 200

#: A gap counts if it is so many times its bar.
CLEAR = 4.0

#: What an index along an axis is called, by the number of axes of the block.
NAMES = {2: ("row", "column")}


def pattern_of(view: Vantage, block: int) -> str:
    """The slices along each axis in which a block is wrong, in words; empty if it is wrong everywhere."""
    shape = view.claim[block].shape
    said = []
    for axis, n in enumerate(shape):
        if not 2 <= n <= LONGEST or len(shape) < 2 or view.site.effort.left < n * COST + LEAVE:
            continue
        wrong = _wrong(view, block, axis)
        name = NAMES.get(len(shape), ())[axis : axis + 1]
        called = name[0] if name else f"axis {axis}, index"
        if wrong is None or not 0 < len(wrong) < n:
            continue
        if len(wrong) == n - 1 and n > 2:
            (right,) = set(range(n)) - set(wrong)
            said.append(f"in all but {called} {right}")
        elif len(wrong) <= n // 2:
            said.append(f"in {called} {' and '.join(map(str, wrong))} only")
    return ", ".join(said)


def _wrong(view: Vantage, block: int, axis: int) -> list[int] | None:
    """Indices along an axis at which the claim and the slope differ; None if it cannot be told."""
    claim, directions = view.claim[block], view.directions(block)
    if not directions:
        return None
    wrong = []
    for index in range(claim.shape[axis]):
        along = np.zeros_like(directions[0])
        place = (slice(None),) * axis + (index,)
        along[place] = directions[0][place]
        slope = view.slope(block, along)
        if slope is None:
            return None
        contributions = np.multiply(claim, along, dtype=np.float64)
        gap = abs(float(contributions.sum()) - slope.value)
        size = max(float(np.linalg.norm(contributions.ravel())), abs(slope.value))
        if gap > CLEAR * slope.error + view.site.rtol * size:
            wrong.append(index)
    return wrong
