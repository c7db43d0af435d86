"""How numbers are written in every report."""

from __future__ import annotations

import math


def short(value: float | None, digits: int = 4) -> str:
    """A number with a few significant digits, a dash for none."""
    return "–" if value is None or math.isnan(value) else f"{value:.{digits}g}"


def size(value: float | None) -> str:
    """A relative size: one digit after the point."""
    return "–" if value is None or math.isnan(value) else "0" if value == 0 else f"{value:.1e}"


def shape(dimensions: tuple[int, ...]) -> str:
    """Dimensions of an array, ``5×2``; a number has none."""
    return "×".join(map(str, dimensions)) or "scalar"
