"""Where in a block entries are wrong: a row, a column, a channel, all but the first sample."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gradcheck.diagnosis.measurements import Vantage

#: Axes that are looked at index by index are no longer; what one slope costs, and what is left of the budget.
LONGEST, COST, LEAVE = 16, 10, 200

#: A gap counts if it is so many times its bar.
CLEAR = 4.0

#: What an index along an axis of a matrix is called.
NAMES = ("row", "column")


def pattern_of(view: Vantage, block: int) -> str:
    """The slices along each axis in which a block is wrong, in words, by measuring them; empty if it is everywhere."""
    shape = view.claim[block].shape
    said = []
    for axis, n in enumerate(shape):
        if 2 <= n <= LONGEST and len(shape) > 1 and view.site.effort.left >= n * COST + LEAVE:
            wrong = _wrong(view, block, axis)
            said.append(_said(axis, shape, wrong) if wrong else "")
    return ", ".join(filter(None, said))


def pattern_among(indices: Sequence[tuple[int, ...]], shape: tuple[int, ...]) -> str:
    """The same where all wrong entries are known: the slices that they fill."""
    for axis in range(len(shape) if len(shape) > 1 else 0):
        wrong = sorted({index[axis] for index in indices})
        each = int(np.prod(shape)) // shape[axis]
        if each > 1 and len(indices) == len(wrong) * each:
            return _said(axis, shape, wrong)
    return ""


def _said(axis: int, shape: tuple[int, ...], wrong: Sequence[int]) -> str:
    """Which indices along an axis are wrong, if that is a pattern."""
    n = shape[axis]
    called = NAMES[axis] if len(shape) == 2 else f"axis {axis}, index"
    if len(wrong) == n - 1 and n > 2:
        (right,) = set(range(n)) - set(wrong)
        return f"in all but {called} {right}"
    return f"in {called} {' and '.join(map(str, wrong))} only" if 0 < len(wrong) <= n // 2 else ""


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
