"""The numbers that decide when a mistake explains a Jacobian."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class MapDiagnosisSettings:
    """Settings of names for wrong Jacobians.

    Attributes
    ----------
    directions : int
        Along so many directions a block is compared with what a mistake makes of it.
    rows : int
        In so many rows, if all are wrong.
    bars : float
        A mistake explains what differs by at most so many error bars.
    tolerance : float
        And by this part of the row, in addition.
    narrow_tolerance : float
        The same for single precision.
    rough_tolerance : float
        Where nothing explains a block sharply, as where a solver inside the map stops early.
    near_one : float
        A factor that differs from 1 by less than this is none.
    generic_distance : float
        How far the second point is, in units of the typical size.
    least_budget : int
        Calls that must be left for a diagnosis.
    shown : int
        At most so many entries or rows are named in a sentence.
    apart : float
        Gaps of rows that exceed those of all others by this factor have another cause. Errors of a solver differ from
        row to row as well, by less where they are visible.
    few_part : float
        Wrong entries are few if they are at most this part of all entries of a block.
    """

    directions: int = 4
    rows: int = 24
    bars: float = 4.0
    tolerance: float = 1e-6
    narrow_tolerance: float = 1e-2
    rough_tolerance: float = 1e-3
    near_one: float = 1e-4
    generic_distance: float = 0.3
    least_budget: int = 60
    shown: int = 6
    apart: float = 1e3
    few_part: float = 0.25


MAP_DIAGNOSIS = MapDiagnosisSettings()
