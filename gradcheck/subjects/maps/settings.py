"""The numbers that decide how outputs are weighed."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class MapSettings:
    """Settings of cotangents.

    Attributes
    ----------
    step_exponents : tuple of int
        Exponents of the steps, in units of the typical size of each parameter, along which it is tried how far each
        output moves; shorter ones where an output is not finite.
    roundings : float
        An output that moves by fewer roundings of itself than this does not move.
    offset_factor : float
        An output weighs so much at most that its rounding is this many times that of the median output.
    least_part : float
        An output weighs at most as much as if it moved by this part of the median output.
    magnitudes : tuple of (float, float)
        Magnitudes of a random cotangent, before it is divided by how far each output moves. Not signs alone: two equal
        errors would cancel for half of all signs.
    columns_most : int
        A derivative that has products with directions alone is made a matrix column by column up to so many columns.
    """

    step_exponents: tuple[int, ...] = (-10, -20, -30)
    roundings: float = 64.0
    offset_factor: float = 32.0
    least_part: float = 2.0**-20
    magnitudes: tuple[float, float] = (0.5, 1.0)
    columns_most: int = 32


MAPS = MapSettings()
