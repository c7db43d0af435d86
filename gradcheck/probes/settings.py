"""The numbers that decide where and how closely a subject is measured."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ProbeSettings:
    """Settings of measurements around a point.

    Sizes and distances are in units of the typical size of each parameter; exponents are those of powers of two.

    Attributes
    ----------
    proof : float
        A gradient is called wrong only for a gap of so many error bars. Noise and kinks together can hide truncation
        from an error bar.
    ignored : float
        A significant gap below this part of the tolerance, and below `proof` error bars, is rounding.
    exact_bits : float
        Steps down to 2^-bits are exact, where bits is this part of the mantissa: half of it is left for the point, and
        a little for the direction.
    zoomed_bits : float
        The same where steps are far shorter than usual.
    target : float
        A slope is measured to this part of the tolerance, so that an agreement can be told from a gap of the tolerance.
    entry_target : float
        The same for the slope along one entry, so that the entry can be called right or wrong by itself.
    zero_step : float
        Where the claim is zero no tolerance says how sharp a slope has to be: noise over a step of one part in
        `zero_step` of the typical size is enough.
    chaotic : float
        A loss whose noise is this part of itself is chaotic.
    cancelled_roundings, cancelled_part : float
        A first-order effect on the loss of at most so many roundings of it, and of this part of the largest effect, can
        be the rounding of a claim that is zero: normalisations divide what cancels by small deviations.
    left_roundings, packed_roundings : float
        What rounding leaves of a sum that is zero is at most so many roundings of the largest effect; the second for
        entries of a block of which the others agree.
    visible : float
        A change of the loss is visible if `rtol` of it is so many times the noise.
    first_margin : int
        The first step is at least so many powers of two longer than the smallest.
    first_exponent : int
        Exponent of the largest first step.
    slope_cost : int
        Evaluations that one slope may take.
    roomy_exponent : int
        Losses and gradients of more than two to the power of this, or of less than its inverse, are divided by a power
        of two before anything is computed with them.
    jitter, jitter_change : float
        A claim that changes by the second part of itself when the parameters change by the first number of roundings is
        round-off.
    jitters : int
        How often that is tried before a claim counts as more than round-off.
    cancelled_bits : int
        Bits of a number that a sum that cancelled leaves, at most.
    single_bits : int
        Bits of a number in single precision.
    between : tuple of float
        Where the loss is evaluated along the first line beside the steps of its slope, in units of the shortest: at
        equal distances, values that are rounded to a grid may all have the same error.
    joint_directions : int
        Joint directions through the user's point that must agree.
    frugal : int
        A further direction that only confirms is drawn if at most so many evaluations were spent so far.
    bands : tuple of float
        Where a block is measured in bands of entries of similar effect: their edges, relative to the median effect.
    small_block : int
        A block of at most so many entries is measured entry by entry.
    unsteady_roundings : float
        Values at one point that differ by so many roundings differ as a parallel sum does.
    averaged_most : int
        At most so many values are averaged for each step.
    averaged_cost : int
        At most so many averages are computed for one slope.
    steep : float
        A claim so many times steeper than the measured slope is measured again with much shorter steps.
    zoom : int
        Those steps are so many powers of two shorter than the distance in which the loss has to change.
    clear : float
        A change of the loss counts if it is so many times the noise.
    detail_cost : int
        Evaluations that must be left for such a measurement, for one of a part of a block, and for the staircase test.
    strides : tuple of int
        How far jumps of the loss are looked for, in powers of two times the step of the slope.
    stride_limit : float
        And at most so far, in units of the typical size: coarser steps are those of the loss itself.
    jump_strides : tuple of int
        Jumps that need not make up for a gap are looked for between such powers of two below that distance.
    explained : tuple of float
        Jumps explain a gap if they are between these parts of it.
    shortest_tread, moving_bits : int
        Exponent of the least step by which a tread is looked for: shorter ones are those of rounding to float32. Steps
        are at least two to the power of the second times the roundings of the parameters, so that the point moves.
    digits, digits_at : int, tuple of int
        A loss of at most so many decimal digits is rounded; looked at at these powers of two below the step.
    next_treads : tuple of float
        Further jumps are looked for between the distance that shows the first ones and so many times that distance,
        and to the other side.
    halvings, lasting_halvings : int
        How often an interval with a jump is halved; after how many a change that keeps its height is a jump.
    secant_shorter : float
        Each next secant is shorter by this factor, to find mistakes that are made near the point alone.
    secant_noise : float
        Values on different sides of a kink are computed in different ways: they may differ by so many times the noise.
    generic_distances : tuple of float
        How far away a generic point is tried.
    generic_least : float
        The least magnitude of a displacement towards a generic point.
    generic_larger : float
        A loss so many times larger is in another regime of arithmetic.
    nearer : tuple of float
        Parts of the way to the generic point at which a gap there is measured again.
    """

    proof: float = 4.0
    ignored: float = 0.01
    exact_bits: float = 0.58
    zoomed_bits: float = 0.8
    target: float = 0.75
    entry_target: float = 0.25
    zero_step: float = 2.0**4
    chaotic: float = 1e-3
    cancelled_roundings: float = 1024.0
    cancelled_part: float = 1e-9
    left_roundings: float = 1024.0
    packed_roundings: float = 8192.0
    visible: float = 2.0**7
    first_margin: int = 4
    first_exponent: int = -1
    slope_cost: int = 60
    roomy_exponent: int = 400
    jitter: float = 4.0
    jitter_change: float = 0.25
    jitters: int = 4
    cancelled_bits: int = 16
    single_bits: int = 24
    between: tuple[float, ...] = (2.6875, -3.1875)
    joint_directions: int = 2
    frugal: int = 16
    bands: tuple[float, ...] = (0.0, 0.01, 0.1, 1.0)
    small_block: int = 24
    unsteady_roundings: float = 64.0
    averaged_most: int = 128
    averaged_cost: int = 18
    steep: float = 4.0
    zoom: int = 6
    clear: float = 64.0
    detail_cost: int = 40
    strides: tuple[int, ...] = tuple(range(4, 40, 3))
    stride_limit: float = 2.0**-5
    jump_strides: tuple[int, ...] = (8, 6, 5, 4, 3, 2, 1, 0)
    explained: tuple[float, float] = (0.25, 2.5)
    shortest_tread: int = -24
    moving_bits: int = 4
    digits: int = 10
    digits_at: tuple[int, ...] = (0, 1, 2)
    next_treads: tuple[float, ...] = (4.0, 2.0, 8.0, -1.0, -4.0)
    halvings: int = 28
    lasting_halvings: int = 10
    secant_shorter: float = 32.0
    secant_noise: float = 4.0
    generic_distances: tuple[float, ...] = (0.3, 0.03, 0.001)
    generic_least: float = 0.3
    generic_larger: float = 1e30
    nearer: tuple[float, ...] = (0.1, 0.3, 0.6)


PROBES = ProbeSettings()
