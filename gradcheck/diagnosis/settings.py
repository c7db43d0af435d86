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
    isolated_sharp : float
        That holds where the slope of the block is known to this part of its norm: else more may be wrong, unseen.
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
    smaller : float
        And one whose first-order effects are less than this part of those at the user's point.
    telling : float
        A slope counts if its error bar is at most this part of what the entries of the claim contribute.
    vague : float
        A constant that makes the error bar of a slope larger than this part of them would fit anything.
    chance, chance_of_constant, chance_of_pair : float
        A mistake is named if claims that have nothing to do with it would be met with at most this probability: one of
        about a hundred mistakes, one constant, or one of some thousand pairs of mistakes.
    drift : float
        At a nearer second point slopes must be known to this part of its distance: a factor that depends on the point
        differs by about as much.
    bars, tolerance_part : float
        A row of a fit may be off by so many error bars, and by this part of the tolerance beside.
    accuracies : tuple of float
        What a solver's tolerance may leave, tried one after the other, where no mistake explains a claim exactly.
    loose_accuracies : tuple of float
        The same where a solver in the loss is known to be loose.
    loose_factors : tuple of float
        Constants that are named then.
    loose_constant : float
        One of these differs from one by so many times what it leaves over.
    clear_constant : float
        A constant differs from one by so many times what it leaves over, else it is none.
    solver_constant : float
        Where a solver's tolerance may make the gap, a constant near one must leave over at most this part of what it
        differs from one by.
    simple_factors : tuple of float
        Constants that are named then.
    tolerance_most : float
        That tolerance is at most this, however much the check tolerates: within 0.6, as for float16, anything fits.
        For a nearer second point it is as much less as the square of its distance.
    exact : float
        How well an array that is known without any slope has to be met, relative to its largest entry.
    own_roundings, narrow_roundings : float
        Roundings of a claim in its own type, and of one that was rounded to a narrower type.
    sum_match : float
        The losses of single samples sum up to the loss, or have it for a mean, within this part of it.
    most_samples : int
        At most so many samples are measured one by one.
    most_changed : int
        At most so many samples have their losses changed one by one, which takes no more slopes, but time.
    alike : float
        Two directions must ask for epsilons that differ by no more than this factor, as long as it is taken for small.
    changes, change_step, same_change : int, float, float
        An epsilon is sought in so many steps of the secant method, from two values that differ by the second of these
        parts of themselves, until it changes by no more than the third.
    clear_addition : float
        An added term must exceed so many tolerances of a row.
    least_pair_size, most_pair_size : int
        Two mistakes of order are tried together on blocks between these sizes. Of fewer entries a good part of all
        permutations can be made by two; for more there are too many pairs to try.
    least_run, most_runs : int
        So many successive entries of a vector that are wrong in one way are looked at as a block of their own; a vector
        with more parts than the second number is not cut.
    range_left : int
        Evaluations that must be left to look for the parts of a vector.
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
    isolated_sharp: float = 1e-4
    directions: int = 3
    slope_cost: int = 40
    slope_target: float = 0.1
    distances: tuple[float, float, float] = (1.0, 0.3, 0.03)
    larger: float = 1e3
    smaller: float = 1e-100
    telling: float = 0.1
    vague: float = 0.5
    chance: float = 1e-6
    chance_of_constant: float = 0.1
    chance_of_pair: float = 1e-6
    drift: float = 0.15
    bars: float = 2.0
    tolerance_part: float = 0.5
    accuracies: tuple[float, ...] = (1e-4, 1e-3, 1e-2, 5e-2)
    loose_accuracies: tuple[float, ...] = (0.1, 0.2)
    loose_factors: tuple[float, ...] = (-1.0, 0.5, 2.0, -0.5, -2.0)
    loose_constant: float = 2.5
    clear_constant: float = 8.0
    solver_constant: float = 1e-2
    simple_factors: tuple[float, ...] = (1.0, 2.0, 0.5, 4.0, 0.25)
    tolerance_most: float = 0.01
    exact: float = 1e-6
    own_roundings: float = 8.0
    narrow_roundings: float = 64.0
    sum_match: float = 1e-9
    most_samples: int = 16
    most_changed: int = 256
    alike: float = 4.0
    changes: int = 12
    change_step: float = 1e-3
    same_change: float = 1e-6
    clear_addition: float = 20.0
    least_pair_size: int = 6
    most_pair_size: int = 20_000
    least_run: int = 3
    most_runs: int = 16
    range_left: int = 100
    unsteady_part: float = 1e-6
    pattern_length: int = 16
    pattern_cost: int = 10
    pattern_left: int = 200
    pattern_clearness: float = 4.0
    shown: int = 8
    few_part: float = 0.25
    ratio_clearness: float = 100.0


DIAGNOSIS = DiagnosisSettings()
