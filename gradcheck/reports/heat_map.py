"""Heat maps of a block as SVG: claimed entries, numerical entries, and their difference."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape

from gradcheck.reports.data import BlockReport
from gradcheck.reports.numbers import short
from gradcheck.reports.signs import visible
from gradcheck.verdicts.entry import Entry

#: Width of a cell and of the frame of a wrong one, in pixels.
CELL, FRAME = 18, 2

#: Ends of the colour scale, negative and positive: distinct for colour-blind readers (M. Okabe and K. Ito, 2008).
NEGATIVE, POSITIVE, NEUTRAL = (0, 114, 178), (213, 94, 0), (247, 247, 247)

#: Colour of a value that is not a number, and of the frame of a wrong entry.
_NOT_A_NUMBER, _WRONG = "#8c8c8c", "#111111"


def heat_maps(block: BlockReport) -> list[tuple[str, str]]:
    """Titles and pictures of a block; none unless every entry was measured."""
    if not block.entries or len(block.entries) != math.prod(block.shape):
        return []
    scale = _largest([value for entry in block.entries for value in (entry.claimed, entry.numeric)])
    values = {
        "claimed": ([entry.claimed for entry in block.entries], scale),
        "numerical": ([entry.numeric for entry in block.entries], scale),
    }
    gaps = [entry.gap for entry in block.entries]
    values["claimed minus numerical"] = (gaps, _largest(gaps))
    return [
        (f"{title}, scale ±{short(limit, 2)}", _picture(block, f"{block.name}, {title}", shown, limit))
        for title, (shown, limit) in values.items()
    ]


def _picture(block: BlockReport, label: str, values: Sequence[float], limit: float) -> str:
    rows, columns = grid(block.shape)
    cells = "".join(
        _cell(entry, value, divmod(place, columns), limit)
        for place, (entry, value) in enumerate(zip(block.entries, values, strict=True))
    )
    width, height = (CELL * count + FRAME for count in (columns, rows))
    name = escape(visible(label))
    return (
        f'<svg class="heat" role="img" aria-label="{name}" width="{width}" height="{height}" '
        f'viewBox="{-FRAME / 2:g} {-FRAME / 2:g} {width} {height}">{cells}</svg>'
    )


def _cell(entry: Entry, value: float, place: tuple[int, int], limit: float) -> str:
    row, column = place
    frame = f' stroke="{_WRONG}" stroke-width="{FRAME}"' if entry.wrong else ""
    index = ", ".join(map(str, entry.index))
    title = f"[{index}]: {value:.6g}{' (wrong)' if entry.wrong else ''}"
    return (
        f'<rect x="{column * CELL}" y="{row * CELL}" width="{CELL}" height="{CELL}" '
        f'fill="{colour(value, limit)}"{frame}><title>{title}</title></rect>'
    )


def grid(shape: tuple[int, ...]) -> tuple[int, int]:
    """Rows and columns of a picture: the last axis is drawn from left to right, all others downwards."""
    columns = shape[-1] if shape else 1
    return math.prod(shape) // columns if columns else 0, columns


def colour(value: float, limit: float) -> str:
    """Colour of a value on a scale from -limit to limit."""
    if not math.isfinite(value):
        return _NOT_A_NUMBER
    part = max(-1.0, min(1.0, value / limit)) if limit > 0 else 0.0
    end = POSITIVE if part > 0 else NEGATIVE
    mixed = (round(n + (e - n) * abs(part)) for n, e in zip(NEUTRAL, end, strict=True))
    return "#" + "".join(f"{channel:02x}" for channel in mixed)


def _largest(values: Sequence[float]) -> float:
    return max((abs(value) for value in values if math.isfinite(value)), default=0.0)
