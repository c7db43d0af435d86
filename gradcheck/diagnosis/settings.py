"""The numbers that decide when a mistake explains a claim, and what a diagnosis may cost."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DiagnosisSettings:
    """Settings of the diagnosis.

    Attributes
    ----------
    least_budget : int
        Evaluations that must be left for a diagnosis to begin.
    jointly : int
        From so many wrong blocks on, one constant for all of them is tried first: a sign or a mean is often wrong in
        all.
    isolated_part : float
        Wrong entries that are no more than this part of a block are a mistake of those entries.
    directions : int
        Directions along which the slope of a block is measured.
    slope_cost : int
        Evaluations that one of those slopes may take.
    slope_target : float
        The error bar that is aimed at, in units of the tolerance.
    distances : tuple of float
        How far the second point lies: first on the scale of 1 for every parameter, then in units of typical sizes.
    larger : float
        A loss that is so many times larger at the second point is in another regime.
    telling : float
        A slope counts if its error bar is at most this part of what the entries of the claim contribute.
    bars, tolerance_part : float
        A row of a fit may be off by so many error bars, and by this part of the tolerance beside.
    exact : float
        How well an array that is known without any slope has to be met, relative to its largest entry.
    own_roundings, narrow_roundings : float
        Roundings of a claim in its own type, and of one that was rounded to a narrower type.
    sum_match : float
        The losses of single samples sum up to the loss, or have it for a mean, within this part of it.
    most_samples : int
        At most so many samples are measured one by one.
    clear_addition : float
        An added term must exceed so many tolerances of a row.
    least_pair_size, most_pair_size : int
        Two mistakes of order are tried together on blocks between these sizes. Of fewer entries a good part of all
        permutations can be made by two; for more there are too many pairs to try.
    unsteady_part : float
        A claim that differs from call to call by more than this part of its largest entry is not steady. Sums in
        another order differ by far less.
    pattern_length : int
        Axes of at most this length are searched index by index for a pattern.
    pattern_cost, pattern_left : int
        Evaluations that one index may take, and that must be left afterwards.
    pattern_clearness : float
        A gap counts for a pattern if it is so many error bars.
    shown : int
        Wrong entries that a finding lists.
    few_part : float
        In a block whose entries were all measured, wrong entries up to this part of it are listed one by one.
    ratio_clearness : float
        The ratio of claimed to numerical value is shown of entries so many times larger than their error bars.
    """

    least_budget: int = 60
    jointly: int = 3
    isolated_part: float = 0.02
    directions: int = 3
    slope_cost: int = 40
    slope_target: float = 0.1
    distances: tuple[float, float, float] = (1.0, 0.3, 0.03)
    larger: float = 1e3
    telling: float = 0.01
    bars: float = 2.0
    tolerance_part: float = 0.5
    exact: float = 1e-6
    own_roundings: float = 8.0
    narrow_roundings: float = 64.0
    sum_match: float = 1e-9
    most_samples: int = 16
    clear_addition: float = 20.0
    least_pair_size: int = 6
    most_pair_size: int = 20_000
    unsteady_part: float = 1e-6
    pattern_length: int = 16
    pattern_cost: int = 10
    pattern_left: int = 200
    pattern_clearness: float = 4.0
    shown: int = 8
    few_part: float = 0.25
    ratio_clearness: float = 100.0


DIAGNOSIS = DiagnosisSettings()
