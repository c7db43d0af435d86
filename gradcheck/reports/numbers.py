"""Formats of numbers, sizes and shapes in every report."""

from __future__ import annotations

import math


def short(value: float | None, digits: int = 4) -> str:
    """A number with a few significant digits; a dash if it is None or NaN."""
    return "–" if value is None or math.isnan(value) else f"{value:.{digits}g}"


def size(value: float | None) -> str:
    """A relative size with one digit after the point; a dash if it is None or NaN."""
    return "–" if value is None or math.isnan(value) else "0" if value == 0 else f"{value:.1e}"


def shape(dimensions: tuple[int, ...]) -> str:
    """Shape of an array, such as ``5×2``; ``scalar`` if it has no axes."""
    return "×".join(map(str, dimensions)) or "scalar"
