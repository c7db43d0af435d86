"""The numbers that decide when a gap is enough for a verdict, and what may be spent on it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class VerdictSettings:
    """Settings of verdicts, of the location of wrong entries, and of subgradients.

    Attributes
    ----------
    repeats : int
        A slope is measured so many more times, by the same steps, before it is compared with a claim for a verdict.
    repeat_part : float
        Those repetitions, and a repetition by far shorter steps, may differ by this part of the gap.
    unsteady_clearness : float
        A loss that differs from call to call, or the mean slope of a staircase, whose steps are all the noise that
        there is, must show a gap of so many error bars.
    entry_cost : int
        Evaluations that one entry, or one half of a block, may take.
    bisection_target, group_target : float
        The gap of a half, or of a part in group testing, is measured to this part of the gap of the whole.
    for_diagnosis : float
        The part of the budget that is left for the diagnosis once a block is known to be wrong.
    generic_cost : int
        Evaluations that must be left for a generic point.
    beside_kink : tuple of float
        How far from a kink the gradient is checked again, in units of the typical size.
    beside_margin : int
        Steps there are so many powers of two shorter, so that the kink stays out of reach.
    group_cost, group_left, group_most : int
        What group testing may cost, what it must leave of the budget, and how many wrong entries are few.
    random_share, random_parts : float, int
        If that many random parts of a block, each with this share of its entries, all show a gap, then wrong entries
        are everywhere.
    followed : float
        Group testing follows a gap of so many error bars.
    ramp : tuple of float
        The weights between which a direction grows over an interval, to locate one wrong entry in it at once.
    narrowed : float
        The part of an interval that this has to leave to be of use.
    located_slack : float
        Slack of the ratio by which that direction locates an entry, beside the error bars.
    tiny : float
        How far gradients around a kink are taken, in units of the typical size.
    tiny_pairs, most_pairs : int
        How many pairs of them are drawn: the first for independent kinks; up to the second where kinks share a tie.
    side_noise : float
        The gap between one-sided slopes is off by so many times the noise over the step.
    side_sharpness, zero_sharpness : float
        One-sided slopes have to be known to so many tolerances; where the claim is zero, to this part of themselves.
    side_part : float
        Steps for one-sided slopes are so long that round-off is this part of what the slopes have to be known to.
    next_exponent : int
        Exponent of the offset at which a one-sided slope is claimed: so small that the loss does not bend over it.
    next_bend : float
        Bound on what the loss bends over it, in units of the offset and the slope.
    outside_most : int
        At most so many entries outside the gradients around them are judged one by one.
    samples_per_entry : int
        With so many gradients for each entry of a block, those around the point have shown both sides of a kink.
    hidden_slack : float
        Relative slack of the test whether kinks are too near to be seen.
    """

    repeats: int = 2
    repeat_part: float = 1 / 8
    unsteady_clearness: float = 10.0
    entry_cost: int = 12
    bisection_target: float = 1 / 16
    group_target: float = 1 / 256
    for_diagnosis: float = 0.3
    generic_cost: int = 20
    beside_kink: tuple[float, ...] = (2.0**-10, 2.0**-7, 2.0**-14)
    beside_margin: int = 7
    group_cost: int = 480
    group_left: int = 200
    group_most: int = 16
    random_share: float = 1 / 32
    random_parts: int = 4
    followed: float = 4.0
    ramp: tuple[float, float] = (0.25, 1.0)
    narrowed: float = 0.25
    located_slack: float = 1e-9
    tiny: float = 2.0**-20
    tiny_pairs: int = 6
    most_pairs: int = 48
    side_noise: float = 8.0
    side_sharpness: float = 4.0
    zero_sharpness: float = 1e-4
    side_part: float = 0.25
    next_exponent: int = -26
    next_bend: float = 64.0
    outside_most: int = 12
    samples_per_entry: int = 8
    hidden_slack: float = 1e-3


VERDICTS = VerdictSettings()
