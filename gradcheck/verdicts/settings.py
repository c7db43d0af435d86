"""The numbers that decide when a gap is enough for a verdict, and what may be spent on it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class VerdictSettings:
    """Settings of verdicts, of the location of wrong entries, and of subgradients.

    Attributes
    ----------
    confirming : float
        A slope that is known to this part of its size, and agrees, shows that a recording is of the same function.
    repeats : int
        A slope is measured so many more times, by the same steps, before it is compared with a claim for a verdict.
    repeat_part : float
        Those repetitions, and a repetition by far shorter steps, may differ by this part of the gap.
    unsteady_clearness : float
        A loss that differs from call to call, or the mean slope of a staircase, whose steps are all the noise that
        there is, must show a gap of so many error bars.
    entry_cost : int
        Evaluations that one entry, or one half of a block, may take.
    part_target : float
        The gap of a half, or of a part in group testing, is measured to this part of the gap of the whole.
    for_diagnosis : float
        The part of the budget that is left for the diagnosis once a block is known to be wrong.
    generic_cost : int
        Evaluations that must be left for a generic point.
    few_blocks : int
        At most so many blocks that disagree together are measured one by one; more are halved.
    generic_points : int
        How many generic points are tried for a claim that is a subgradient at the user's point.
    beside_kink : tuple of float
        How far from a kink the gradient is checked again, in units of the typical size.
    beside_margin : int
        Steps there are so many powers of two shorter, so that the kink stays out of reach.
    group_cost, group_left, group_most : int
        What group testing may cost, what it must leave of the budget, and how many wrong entries are few.
    random_share, random_parts, random_draws : float, int, int
        If that many random parts of a block, each with this share of its entries, all show a gap, then wrong entries
        are everywhere. A part without any entry is drawn again, at most so often.
    followed : float
        Group testing follows a gap of so many error bars.
    off_part : float
        An entry that is clearly off by this part of itself is not right, even where that is tolerated.
    ramp : tuple of float
        The weights between which a direction grows over an interval, to locate one wrong entry in it at once.
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
    bent_part : float
        Gradients around the point are those of two sides if they differ from the one-sided slopes by at most this part
        of the gap between these: the loss bends as far away as they are. The claim must be farther off than they are.
        One-sided slopes must be known to this part of themselves.
    outside_most : int
        At most so many entries outside the gradients around them are judged one by one.
    samples_per_entry : int
        With so many gradients for each entry of a block, those around the point have shown both sides of a kink.
    span_margin : int
        The span of the differences of gradients has stopped growing when it has so many fewer dimensions than there are
        differences.
    span_idle : int
        Or when so many of them have added nothing to it.
    span_part : float
        A direction in which differences are less than this part of the largest gradient is none of the span: there the
        loss bends.
    outside_hull, outside_convex : float
        A claim is looked at more closely if it is so far outside the hull, as a part of the largest gradient.
    monotone_samples : int
        Of how many gradients each pair shows whether the loss is convex or concave there.
    hull_block : int
        Blocks of at most so many entries get as many gradients as span any space of them.
    hull_entries : int
        So many entries of gradients are kept for the hull.
    weights_sum : float
        Weight of the equation that says that shares of a convex combination add up to one.
    hull_target : float
        A slope that is to refute a claim is measured to this part of how far the claim is outside.
    hull_slack : float
        Slopes of gradients around the point along such a direction differ by this part of the largest because the loss
        bends, and because the direction is rounded.
    jump_margin, jump_exponent : int
        Claims are compared at distances that are so many powers of two longer and shorter than the shortest steps, down
        to two to the power of the second.
    beside_roundings, beside_zero : float, int
        And where each entry is changed by up to so many roundings of itself, and zeros by two to the power of the
        second, which leaves others as they are.
    gross_part : float
        A gap of more than this part of the norm, along a direction that weighs entries by their typical sizes, is no
        solver's.
    gross_clearness : float
        Such a gap is proved by a few steps, if it is so many error bars.
    gross_lines : int
        Along so many lines a gap is looked for that is so large.
    gross_shrink, gross_stretch : int
        Those steps are so many powers of two shorter and longer than that of the slope; the longer one no longer than
        the treads of a staircase that is looked for.
    gap_lines : int
        Along how many directions a gap is measured that a solver's tolerance may make.
    solver_part, single_part : float
        The largest part of the norm of a block that it can make; of a block with one entry, which has no pattern unless
        nearly all other blocks have such gaps as well.
    outlying_part : float
        The same where the loss jumps repeatedly by as much as the gap makes on the way there, or is seen to iterate.
        Constant factors make more. Up to this part, it is asked whether a few entries stand out from the others.
    gap_entries, gap_sample : int
        Of a block of at most so many entries all are measured then; of a larger one, a sample of so many.
    outstanding, outstanding_few, few_divisor : float, float, int
        Gaps that exceed all others by the first factor are those of a few wrong entries, with more of it if there are
        no more than about as many entries as the second. Few are at most all entries divided by the third.
    own_part : float
        Such a gap is more than this part of the entry itself.
    spread_share : float
        A gap is spread if this part of the entries has one.
    seen_share : float
        And if at least this part of the entries has one that is clear of its error bar.
    hidden_gap : float
        An entry without a gap counts only if its error bar is less than this part of the typical gap. A sample of
        entries must have at least this part of the gap of the whole.
    tight_part, tight_rest, tight_least : float
        A spread gap of which less than the first part is left with smaller tolerances is the doing of a solver. Its
        shape is not looked at where less than the second part is left, or the third of the norm.
    on_manifold : float
        A point lies on a manifold, and a claim is tangent to it, if it is off by at most this part of itself.
    tangents, tangent_cost : int
        Along so many random tangents a claim must be right; evaluations that each may take.
    constants_cost : int
        With fewer evaluations left, what is cut out of the graph is not held constant.
    hidden_slack : float
        Relative slack of the test whether kinks are too near to be seen.
    """

    confirming: float = 1e-3
    repeats: int = 2
    repeat_part: float = 1 / 8
    unsteady_clearness: float = 10.0
    entry_cost: int = 12
    part_target: float = 1 / 16
    for_diagnosis: float = 0.3
    generic_cost: int = 20
    few_blocks: int = 8
    generic_points: int = 3
    beside_kink: tuple[float, ...] = (2.0**-10, 2.0**-7, 2.0**-14)
    beside_margin: int = 7
    group_cost: int = 480
    group_left: int = 200
    group_most: int = 16
    random_share: float = 1 / 32
    random_parts: int = 4
    random_draws: int = 32
    followed: float = 4.0
    off_part: float = 1 / 8
    ramp: tuple[float, float] = (0.25, 1.0)
    tiny: float = 2.0**-20
    tiny_pairs: int = 6
    most_pairs: int = 48
    side_noise: float = 8.0
    side_sharpness: float = 4.0
    zero_sharpness: float = 1e-4
    side_part: float = 0.25
    next_exponent: int = -26
    next_bend: float = 64.0
    bent_part: float = 1 / 8
    outside_most: int = 12
    samples_per_entry: int = 8
    span_margin: int = 4
    span_idle: int = 24
    span_part: float = 1e-4
    outside_hull: float = 1e-3
    outside_convex: float = 1e-2
    monotone_samples: int = 24
    hull_block: int = 1024
    hull_entries: int = 20_000_000
    weights_sum: float = 1e3
    hull_target: float = 1 / 64
    hull_slack: float = 1e-3
    jump_margin: int = 3
    jump_exponent: int = -48
    beside_roundings: float = 65536.0
    beside_zero: int = -200
    gross_part: float = 0.4
    gross_clearness: float = 1024.0
    gross_lines: int = 3
    gross_shrink: int = 4
    gross_stretch: int = 10
    gap_lines: int = 4
    solver_part: float = 0.05
    single_part: float = 1e-3
    outlying_part: float = 0.4
    gap_entries: int = 64
    gap_sample: int = 24
    outstanding: float = 4.0
    outstanding_few: float = 4.0
    few_divisor: int = 3
    own_part: float = 0.1
    spread_share: float = 0.75
    seen_share: float = 0.25
    hidden_gap: float = 0.25
    tight_part: float = 0.5
    tight_rest: float = 0.1
    tight_least: float = 1e-4
    on_manifold: float = 1e-9
    tangents: int = 4
    tangent_cost: int = 24
    constants_cost: int = 100
    hidden_slack: float = 1e-3


VERDICTS = VerdictSettings()
