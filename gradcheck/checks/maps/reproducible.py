"""Whether a map, and what is claimed of its derivative, are the same at each call."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from gradcheck.diagnosis.finding import Finding
from gradcheck.diagnosis.mistakes import BY_SLUG
from gradcheck.subjects.maps.map_subject import MapSubject
from gradcheck.tracebacks import pass_on_signal
from gradcheck.verdicts.maps.result import MapResult
from gradcheck.verdicts.verdict import Verdict

Vector = NDArray[np.float64]

#: Two calls are the same if they differ by at most this part of the largest entry: threads may sum in another order.
SAME = 1e-10

#: Said of a map that is not.
RANDOM = (
    "the function is not the same at each call: fix its random seed, or draw its random numbers once, outside of it"
)


def difference(first: Vector, call: Callable[[], Vector], *, calls: int = 4) -> float:
    """By how much a further call differs from a first one; 0 within rounding."""
    size = float(np.abs(first).max(initial=0.0))
    for _ in range(calls):
        off = float(np.abs(call() - first).max(initial=0.0))
        if off > SAME * size:
            return off
    return 0.0


def unsteady(subject: MapSubject, what: str, off: float) -> Finding:
    """The finding of something that differs from call to call."""
    mistake = BY_SLUG["nondeterministic"]
    evidence = f"two calls of {what} with the same arguments differ by {off:.3g}"
    names = subject.input_names
    message = f"{what} is not the same at each call"
    return Finding(mistake.code, mistake.slug, "the whole", message, evidence, mistake.fix, blocks=names)


def settled_for_steadiness(result: MapResult, subject: MapSubject) -> tuple[MapResult, tuple[Finding, ...]]:
    """A result that fails, unless the map itself differs from call to call: then it is undecided."""
    try:
        off = difference(subject.at_point, lambda: subject.outputs_again(subject.point), calls=2)
    except Exception as error:
        pass_on_signal(error)
        return result, ()
    if not off:
        return result, ()
    pairs = [
        pair if pair.verdict is Verdict.PASS else replace(pair, verdict=Verdict.UNDECIDED, note=RANDOM)
        for pair in result.pairs
    ]
    return replace(result, pairs=tuple(pairs)), (unsteady(subject, f"{subject.name}()", off),)
