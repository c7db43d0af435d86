"""The numbers that decide how closely the entries of a Jacobian are looked at."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class MapVerdictSettings:
    """Settings of verdicts on maps, and of the location of their wrong entries.

    Attributes
    ----------
    cotangents : int
        So many further cotangents are compared along the lines that were measured for the first one: at no cost in
        evaluations.
    followed : float
        A gap of so many error bars is looked into.
    target : float
        A slope is measured to this part of what the smallest entry contributes times the tolerance.
    sampled_rows : int
        The size of the entries of a Jacobian is known from so many of its rows.
    sampled_columns : int
        The same from so many columns, where only products with directions are known.
    own_part : float
        The resolution holds for entries of at least this part of the median of their block.
    proved : float
        An error of one entry is sure to be proved from so many tolerances on: half-way from the tolerance to this one
        it may stay open.
    miss : float
        Probability with which a random direction weighs an entry less than is assumed of it.
    noise_margin : float
        The noise along one line is taken to be so many times what was measured along another.
    small_inputs : int
        Of an input with at most so many entries all columns are measured, if a block is wrong.
    small_matrix : int
        And all rows of them, if the block has at most so many entries.
    column_cost : int
        Evaluations that one column may take.
    few_rows, few_columns : int
        At most so many wrong rows, or columns, are listed.
    judged_part : float
        An entry is judged by at least this part of the median of its block.
    single_judged_part : float
        The same where entries are in single precision.
    rows_examined : int
        In at most so many of them the wrong inputs are looked for.
    narrow_own_part : float
        The part of the median that the resolution holds for in single precision.
    outputs_apart : int
        At most so many outputs of a nesting are checked one by one, if all together are not right.
    confirming_cost : int
        Evaluations that are kept to confirm a gap in a sum of outputs by one of them.
    intervals : int
        One with more is checked along so many directions, each of which moves one part of the parameters.
    """

    cotangents: int = 6
    followed: float = 3.0
    target: float = 0.25
    sampled_rows: int = 48
    sampled_columns: int = 12
    own_part: float = 0.01
    proved: float = 2.0
    miss: float = 0.001
    noise_margin: float = 2.0
    small_inputs: int = 32
    small_matrix: int = 1024
    column_cost: int = 24
    few_rows: int = 16
    few_columns: int = 16
    judged_part: float = 1e-3
    single_judged_part: float = 0.3
    rows_examined: int = 4
    narrow_own_part: float = 0.3
    outputs_apart: int = 12
    confirming_cost: int = 120
    intervals: int = 16


MAP_VERDICTS = MapVerdictSettings()
