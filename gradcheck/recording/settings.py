"""Numbers that decide in this room, with what depends on each."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RecordingSettings:
    """Limits of a recording, and what counts as equal.

    Attributes
    ----------
    least_budget : int
        No line is looked for with fewer evaluations of the loss left: two points are recorded, and repairs compared.
    calls_back : int
        A function of a library that calls one of the user so often is one that iterates it.
    least_tolerance, most_tolerance : float
        Tolerances between these are made smaller to see whether they matter: below rounding does not allow it, and
        above they are no tolerances.
    tightened : float
        By this factor.
    most_values : int
        A recording that makes more values is given up: the sweep and the search take time in proportion.
    most_bytes : int
        A recording that keeps more bytes of arrays is given up, so that a check stays within the memory of its machine.
    equal : float
        Two values are one and the same if they differ by less than this part of the larger norm. Rounding of a few
        operations is below it, and random points make everything else differ by far more.
    roundings : float
        The same for narrower types, in units of their epsilon.
    exact : float
        A claim that differs from a recorded derivative by less than this part of its norm is that derivative.
    alike : float
        Constants at two points that differ by less than this, relative to them, are one.
    measured : float
        In place of `equal` where an operation without a rule was measured by differences.
    most_measured : int
        An operation without a rule is measured only if its inputs have at most this many entries: each takes six calls.
    most_kept : int
        The rule of an operation is kept for further sweeps if that has at most this many entries: finding it takes
        longer than applying it.
    stencil : float
        Step of these differences relative to the size of an entry. The sixth power is their error.
    rule_points : int
        Points at which a rule of another library is compared with differences before it is used: one has to agree.
    rule_step, rule_gap : float
        The step of these differences, and the largest gap, both relative.
    most_tangents : int
        Derivatives with respect to a parameter are computed for all values if the parameters have at most this many
        entries: each takes six replays.
    spread : float
        Standard deviation of the move of a parameter from the user's point, relative to its typical size.
    least_spread : float
        The same for parameters that are zero, as a length.
    trusted : float
        A block that passes may be off by this many times the tolerance of the check in the recording; by more, the
        recording is wrong, and no line is looked for.
    whole : float
        A recorded loss misses nothing if its slope along a line differs from a measured one by less than this part of
        the norm of what entries contribute.
    most_recomputed, most_passes : int
        Values that are computed again to try substitutions, each of them in a replay of what depends on it: so many, or
        those of so many recordings if they are more.
    unscreened : int
        The first substitutions of a value, which are replayed without a look at whether they can help.
    screened : float
        A substitution that leaves random products with a claim further than this from where they have to be, relative
        to what is summed for them, is not replayed.
    most_screens : int
        With more claims than this that depend on a value, all substitutions are replayed.
    most_jacobian : int
        Matrices with at most this many entries are compared with the derivatives of one forward value by another.
    most_jacobians : int
        Forward values whose derivatives by others are computed for that.
    nearest : int
        Values behind another one that are looked at, the last made first.
    most_times : int
        Evaluations of one expression in one turn of a loop that are told from one another.
    most_work : float
        The edits that a search for lines tries take at most so many times the work that the check did before: a
        failing check takes that much longer.
    least_work : float
        It may do so much work in any case, in operations on small arrays: about two seconds.
    entries_of_operation : float
        With so many entries more, an operation counts twice.
    work_of_edit : float
        Writing an edit and reading it into a tree, in operations.
    work_of_node : float
        Compiling a node of the tree of a function.
    work_of_term, work_of_call : float
        Comparing a term with the value that is wanted, and a call of a function that is made for it.
    share_of_terms : float
        This part of the work is left for a larger edit of the line that is singled out.
    most_repairs : int
        Edits of lines that are tried in a script, each a replay of its step.
    most_terms : int
        Values of an expression that are computed to find a term that it lacks.
    calls_of_term : int
        Where evaluating it calls more functions than this, as many times fewer.
    fewest_terms : int
        Where fewer could be compared, none is: evaluating the expression takes too long.
    most_entries_of_terms : int
        Entries of the arrays that take part in that.
    most_replays : int
        Of these values, those that are put into the recorded graph where it is not linear in them.
    most_variables : int
        Variables that these terms are made of, the nearest in the source.
    most_candidates : int
        Edits with such terms that the user's functions are run with.
    most_alternatives : int
        Of at most so many lines, each with a change that helps, the changes are shown.
    most_entries : int
        Edits of a line are tried only if they make no larger array, as far as the shapes of what the line reads tell.
    farther : float
        An edit does not call functions with numbers that many times larger than before: a series may not end.
    most_turns : int
        An edit that makes loops run for more turns is given up.
    guard : float
        A constant of at most this size, added to a value that may be near zero, or at this distance from zero or one as
        a limit, is a guard.
    simple_factors : tuple of float
        Constants that a line may be off by and that a person writes: these are offered as edits.
    """

    least_budget: int = 10
    calls_back: int = 4
    least_tolerance: float = 1e-10
    most_tolerance: float = 0.1
    tightened: float = 1e-3
    most_values: int = 60_000
    most_bytes: int = 500_000_000
    equal: float = 1e-10
    roundings: float = 4096.0
    exact: float = 1e-9
    alike: float = 1e-6
    measured: float = 1e-6
    most_measured: int = 400
    most_kept: int = 4096
    stencil: float = 4e-3
    rule_points: int = 4
    rule_step: float = 1e-5
    rule_gap: float = 1e-4
    most_tangents: int = 6
    spread: float = 0.3
    least_spread: float = 0.1
    trusted: float = 10.0
    whole: float = 1e-5
    most_recomputed: int = 300_000
    most_passes: int = 60
    unscreened: int = 6
    screened: float = 1e-6
    most_screens: int = 12
    most_jacobian: int = 64
    most_jacobians: int = 200
    nearest: int = 60
    most_times: int = 8
    most_work: float = 1.0
    least_work: float = 2.5e6
    entries_of_operation: float = 1000.0
    work_of_edit: float = 300.0
    work_of_node: float = 1.0
    work_of_term: float = 5.0
    work_of_call: float = 0.1
    share_of_terms: float = 0.2
    most_repairs: int = 2000
    most_terms: int = 80_000
    calls_of_term: int = 100
    fewest_terms: int = 100
    most_entries_of_terms: int = 20_000
    most_replays: int = 4000
    most_variables: int = 40
    most_candidates: int = 12
    most_alternatives: int = 4
    most_entries: int = 20_000_000
    farther: float = 1e3
    most_turns: int = 100_000
    guard: float = 1e-3
    simple_factors: tuple[float, ...] = (2.0, 0.5, 3.0, 4.0, 0.25)


RECORDING = RecordingSettings()
