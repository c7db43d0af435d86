"""Whether a recorded loss is exact to rounding: nothing in it is iterated, and no function in it stops at a tolerance.

A solver repeats one map until it hardly changes anything, or is a function of a library that does. Where a loss does
neither, a gradient that is off by more than rounding is wrong, however small the gap is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from typing import Any

import numpy as np

from gradcheck.recording.exact_functions import is_to_rounding
from gradcheck.recording.graph import Graph, Value
from gradcheck.recording.operations import MOVES, Part, added_at, same, written
from gradcheck.recording.record import Recording


def is_exact(recording: Recording) -> bool:
    """Whether the loss of a recording has an error of rounding alone, in float64."""
    graph = recording.graph
    within = sorted(recording.adjoints.of)
    values = [graph.values[i] for i in within if graph.values[i].function is not None]
    wide = all(np.result_type(value.array) == np.float64 for value in values)
    return wide and all(is_to_rounding(v.function) for v in values) and not _repeats(within, values)


def is_exact_but_for(graph: Graph, stopping: Collection[Any]) -> bool:
    """Whether all that a loss computes has an error of rounding alone, in float64, but for functions with a tolerance.

    Parameters
    ----------
    graph : Graph
        Of a call of the loss.
    stopping : collection of callables
        Those functions.
    """
    values = [value for value in graph.values if value.function is not None]
    functions = (v.function.function if isinstance(v.function, Part) else v.function for v in values)
    others = [function for function in functions if not any(function is each for each in stopping)]
    everything = [value.id for value in graph.values]
    types = {np.result_type(value.array) for value in values}
    wide = all(each.kind not in "fc" or each in (np.float64, np.complex128) for each in types)
    return wide and all(map(is_to_rounding, others)) and not _repeats(everything, values)


def _is_moving(function: Any) -> bool:
    function = function.function if isinstance(function, Part) else function
    try:
        return function in MOVES or function in (same, written)
    except TypeError:
        return False


def _is_adding(function: Any) -> bool:
    return _is_moving(function) or any(function is each for each in (np.add, np.subtract, added_at))


def _repeats(within: Collection[int], values: Sequence[Value]) -> bool:
    """Whether an expression is computed again of what it has made before, with the same parameters, as in a solver.

    Sums that grow are no repetition, and neither are layers, each with a parameter of its own, or on a line of its own.
    """
    active = frozenset(within)
    times = Counter(value.site for value in values)
    made_by: dict[int, tuple[int, int]] = {}  # sites behind each value: by any operations, and by sums alone
    used: dict[int, set[int]] = {}
    for value in values:
        own = 0 if value.site is None else 1 << value.site
        adding = _is_adding(value.function)
        every, summed = 0, 0
        fresh = set()
        for i in value.inputs:
            behind, sums = made_by.get(i, (0, 0))
            every |= behind if adding else behind | sums
            summed |= sums if adding else 0
            if i in active and not behind | sums:
                fresh.add(i)
        if times[value.site] == 1 and not _is_moving(value.function):
            every = summed = 0  # computed once alone
        elif value.site is not None and value.site in used:
            if fresh and not fresh & used[value.site]:
                every = summed = 0  # another layer
            elif every & own:
                return True
        if value.site is not None:
            used.setdefault(value.site, set()).update(fresh)
        made_by[value.id] = every, summed | own
    return False
