"""Whether a recorded loss is exact to rounding: nothing in it is iterated, and no function in it stops at a tolerance.

A solver repeats one map until it hardly changes anything, or is a function of a library that does. Where a loss does
neither, a gradient that is off by more than rounding is wrong, however small the gap is.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np

from gradcheck.recording.graph import Graph, Value
from gradcheck.recording.operations import MOVES, Part, added_at, same, written
from gradcheck.recording.record import Recording

#: Libraries, and parts of them, whose functions compute what they are for to rounding.
_EXACT = (
    "numpy",
    "math",
    "operator",
    "_operator",
    "builtins",
    "gradcheck",
    "scipy.special",
    "scipy.linalg",
    "scipy.fft",
)

#: Functions of NumPy that approximate by a rule with an error of its own: integrals, derivatives, curves.
_APPROXIMATE = ("trapz", "trapezoid", "gradient", "interp")


def is_exact(recording: Recording) -> bool:
    """Whether the loss of a recording has an error of rounding alone, in float64."""
    graph = recording.graph
    within = sorted(recording.adjoints.of)
    values = [graph.values[i] for i in within if graph.values[i].function is not None]
    wide = all(np.result_type(v.array) == np.float64 for v in values)
    return wide and all(is_to_rounding(v.function) for v in values) and not _repeats(recording, graph, values)


def is_to_rounding(function: Any) -> bool:
    """Whether a function of a library computes what it is for to rounding, as far as is known."""
    function = function.function if isinstance(function, Part) else function
    module = getattr(function, "__module__", None) or type(getattr(function, "__self__", function)).__module__
    if module.startswith("numpy") and getattr(function, "__name__", "") in _APPROXIMATE:
        return False
    return any(module == each or module.startswith(f"{each}.") for each in _EXACT)


def _is_moving(function: Any) -> bool:
    function = function.function if isinstance(function, Part) else function
    try:
        return function in MOVES or function in (same, written)
    except TypeError:
        return False


def _is_adding(function: Any) -> bool:
    return _is_moving(function) or any(function is each for each in (np.add, np.subtract, added_at))


def _repeats(recording: Recording, graph: Graph, values: list[Value]) -> bool:
    """Whether an expression is computed again of what it has made before, with the same parameters, as in a solver.

    Sums that grow are no repetition, and neither are layers, each with a parameter of its own, or on a line of its own.
    """
    active = recording.adjoints.of
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
