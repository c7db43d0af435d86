"""The numbers that decide how far parameters move and how a direction weighs them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SpaceSettings:
    """Settings of typical sizes and of random directions.

    Attributes
    ----------
    small_quantile : float
        Quantile of the non-zero effects of a block that stands for its small entries. A check need not resolve entries
        that are smaller than this one.
    relevance : tuple of (int, float, float)
        For claims with at least so many mantissa bits: the parts of the median that small entries count for at least,
        and that an entry is judged by at least. In a narrow type an entry is off by the rounding of terms larger than
        itself, so the parts grow as the mantissa shrinks.
    cancelled_roundings : float
        An entry of so many roundings of the largest one is what is left of a sum that is zero, and has no size.
    plain_norm : tuple of (float, float)
        Between these two, a norm is the root of the sum of squares; elsewhere the squares leave the range of a double.
    far_below : float
        An entry with a claim of zero whose size is below this part of the typical one is moved by the typical size too.
    sample : int
        Quantiles are taken of at most about so many entries.
    sample_least : int
        If fewer entries of such a sample are not zero, it is taken of those alone.
    band_width : float
        Bands above the median hold effects up to this factor, so that the small entries of each are seen in it.
    reach : float
        An entry moves at most so far that it alone changes the loss this many times as much as a usual block does.
    magnitudes : tuple of (float, float)
        Magnitudes of a random direction are drawn between these two, relative to the typical size. Random magnitudes,
        not signs alone: two equal errors would cancel for half of all signs.
    own_size_bits : int
        From this many mantissa bits on, the rounding of an entry is bounded by the largest entry of its block; below,
        by the typical one.
    claim_roundings : float
        An entry of a claimed gradient is taken to be off by so many roundings of its type.
    range_slack : float
        A claim is outside a range of gradients if it is so many tolerances away, on the scale of the larger of the
        entry and the median.
    least_spacings : float
        The least change of an entry is so many spacings of its type.
    exact_headroom : float
        A direction is rounded to a grid, so that steps are exact, only where it is this many grid spacings long.
    """

    small_quantile: float = 0.01
    relevance: tuple[tuple[int, float, float], ...] = ((50, 1e-2, 1e-3), (20, 0.3, 0.3), (0, 1.0, 1.0))
    cancelled_roundings: float = 8.0
    plain_norm: tuple[float, float] = (1e-140, 1e150)
    far_below: float = 2.0**-10
    sample: int = 4096
    sample_least: int = 64
    band_width: float = 100.0
    reach: float = 8.0
    magnitudes: tuple[float, float] = (0.5, 1.0)
    own_size_bits: int = 20
    claim_roundings: float = 3.0
    range_slack: float = 4.0
    least_spacings: float = 4.0
    exact_headroom: float = 16.0


SPACES = SpaceSettings()
