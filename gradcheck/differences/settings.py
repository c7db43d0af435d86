"""The numbers that decide how a derivative of a function of one real number is measured.

Steps are powers of two, given by their exponents, in units of the typical size of the parameters.
`benchmarks/sensitivity.py` varies each number and reports the range over which no verdict of a sample changes.
"""

from __future__ import annotations

from dataclasses import dataclass

#: Distance from 1 to the next double.
EPSILON = 2.0**-52


@dataclass(frozen=True, slots=True)
class NoiseSettings:
    """Settings of the difference table that measures noise.

    Attributes
    ----------
    sigmas : float
        The bound on the error of a value is this many standard deviations of the noise. The table rests on six values,
        so its standard deviation can be half the true one.
    orders : int
        How many successive orders of differences have to agree.
    agreement : float
        That many successive orders of differences whose deviations agree within this factor show noise (Moré and Wild,
        2011, section 4: 4).
    narrow_mantissas : tuple of int
        Bits of bfloat16, float16 and float32: values that all fit into one of them were computed in it.
    narrow_roundings : float
        What is computed in a narrow type is off by so many of its roundings.
    constant_bits : int
        Values of so few bits are constants that people write, 3 or 0.5, and do not show a narrow type.
    spacing : int
        Exponent of the first spacing of the table. It is long enough to see noise with a correlation length, such as
        that of a solver.
    finer : tuple of int
        Exponents of the next spacings, for functions that curve too sharply for the first.
    coarser : tuple of int
        Exponents of the next spacings, for functions that do not change over the first, because they are computed in a
        narrow type.
    places : tuple of float
        Where the values are taken, in units of the spacing: to one side of the centre, where people put kinks; at
        unequal distances, because rounding to a grid can look like no noise at equal ones.
    ordinary : float
        Noise above this many roundings of the values is measured again at a finer spacing.
    finer_gain : float
        A finer spacing must find less than this part of the noise to show that the coarser one saw the function.
    farthest, stride : float
        A constant function is followed up to the first, each time farther by the factor of the second.
    halvings : int
        How closely the end of the constant part is located.
    jump_offset : float
        The function is evaluated again behind that end, at this part of the last stretch that was followed.
    jump : float
        A bend rises at that end to less than this part of what it rises to one step later; a jump to more.
    smooth : float
        Where a function that is constant beside 0 changes, its noise is less than this part of the change, if the
        values beside 0 are equal because the function is constant.
    """

    sigmas: float = 4.5
    orders: int = 3
    agreement: float = 4.0
    narrow_mantissas: tuple[int, ...] = (8, 11, 24)
    narrow_roundings: float = 4.0
    constant_bits: int = 6
    spacing: int = -16
    finer: tuple[int, ...] = (-23, -30)
    coarser: tuple[int, ...] = (-9, -4, 1, 6)
    places: tuple[float, ...] = (0.0, 1.0625, 1.875, 3.3125, 3.9375, 5.125, 6.0)
    ordinary: float = 64.0
    finer_gain: float = 1 / 8
    farthest: float = 64.0
    stride: float = 16.0
    halvings: int = 8
    jump_offset: float = 1 / 8
    jump: float = 1 / 8
    smooth: float = 1 / 64

    @property
    def beside(self) -> int:
        """How many values are taken beside the centre."""
        return len(self.places) - 1


@dataclass(frozen=True, slots=True)
class StepSettings:
    """Settings of the step sequence and of its Richardson table.

    Attributes
    ----------
    run : int
        Steps h, 2h, 4h: the least number that shows whether differences shrink at the rate that theory gives.
    levels : int
        Levels above the first that one table uses.
    regular_fine, regular_coarse : float
        Successive moves of central differences shrink by 4 where truncation dominates. A ratio between these two counts
        as that rate.
    regular_noise : float
        Moves up to so many noise levels of a difference show noise, not truncation.
    regular_lost : float
        The ratio up to which a coarse move may exceed a fine one that noise hides.
    fastest_decay : float
        From one order of extrapolation to the next, the truncation is taken to shrink by no more than to this part, and
        by no more than the differences move relative to their size.
    plain_truncation, extrapolated_truncation : float
        The truncation left at a step is the move from twice the step over this number: the theory gives 3 for plain
        central differences, and 15 or more for extrapolated ones.
    one_sided_noise : float
        The gap between extrapolated one-sided slopes is off by so many noise levels over the step.
    quantum_steps, quantum_slack : float
        Changes below so many times the smallest change, each a multiple of it within the slack, show values on a grid.
    far, far_roundings : float
        Values more than so many times as large as the one at the centre are of another regime, whose noise was not
        measured: it may be more roundings of them, by the root of how much larger they are, up to so many.
    smallest, largest : int
        Exponents of the smallest and the largest step. A loss may be smooth far beyond the typical size of its
        parameters: a network that starts from weights of size 0.01 is.
    curvature_roundings : float
        The derivative may be off by so many roundings of the point times the curvature.
    shrink : int
        Where the function is rough, steps shrink by this many powers of two at once; a kink at the point itself lasts
        while they do.
    lasting : float
        The relative change of a one-sided gap that a kink at the point may show over that shrinking.
    gain : float
        Another run of steps is tried only if its predicted error is below this part of the best one.
    caution : float
        Growth of the predicted round-off for each level beyond the next, where what shows as truncation is noise.
    converged : float
        Without a target, an estimate has converged if truncation is at most so many times round-off.
    """

    run: int = 3
    levels: int = 5
    regular_fine: float = 2.5
    regular_coarse: float = 6.5
    regular_noise: float = 1.5
    regular_lost: float = 4.5
    fastest_decay: float = 1 / 64
    plain_truncation: float = 2.0
    extrapolated_truncation: float = 5.0
    one_sided_noise: float = 8.0
    quantum_steps: float = 50.0
    quantum_slack: float = 0.01
    far: float = 1024.0
    far_roundings: float = 65536.0
    smallest: int = -30
    largest: int = 7
    curvature_roundings: float = 8.0
    shrink: int = 4
    lasting: float = 1e-3
    gain: float = 0.75
    caution: float = 0.6
    converged: float = 4.0


@dataclass(frozen=True, slots=True)
class ConfirmationSettings:
    """Settings of the step-independence test, and of averaging over several step lengths.

    Attributes
    ----------
    steps, below : int
        How many steps are compared, starting this many powers of two below the step that found the derivative.
    orders : int
        Orders of extrapolation that are tried.
    fewest_averaged : int
        The least number of values from which their own noise can be measured.
    first_factor : float
        The shortest of the averaged step lengths; the longest is nearly twice as long, so that no value is used twice.
    """

    steps: int = 9
    below: int = 4
    orders: int = 3
    fewest_averaged: int = 8
    first_factor: float = 0.75


NOISE = NoiseSettings()
STEPS = StepSettings()
CONFIRMATION = ConfirmationSettings()
