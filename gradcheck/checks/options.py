"""The options that every front door takes, made ready for use."""

from __future__ import annotations

import operator
import os
from collections.abc import Callable, Iterable
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from gradcheck.errors import SubjectError, SubjectTypeError
from gradcheck.settings import checked_budget, checked_rtol, current

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gradcheck.probes.evaluator import Map
    from gradcheck.subjects.subject import Subject

#: Default relative tolerance by the number of mantissa bits of the narrowest type in play.
TOLERANCES = ((50, 5e-5), (20, 1e-2), (0, 0.2))

#: Where the loss can be evaluated in the narrow type only, it is this many times larger.
NARROW = 3.0

#: Default number of evaluations of the loss that may be spent. A passing check takes about 27.
BUDGET = 2000


def seed_of(rng: int | np.random.Generator | np.random.SeedSequence | None) -> int:
    """A seed that reproduces what `rng` would have given; the default or a fresh one for None (SPEC 7).

    Raises
    ------
    SubjectTypeError
        If it is none of int, Generator, SeedSequence, None.
    """
    if rng is None:
        rng = current().seed
    if rng is None:
        return int(np.random.SeedSequence().generate_state(1)[0])
    if isinstance(rng, np.random.Generator):
        return int(rng.integers(2**32))
    if isinstance(rng, np.random.SeedSequence):
        return int(rng.generate_state(1)[0])
    if not hasattr(rng, "__index__"):  # an integer of NumPy is one as well
        raise SubjectTypeError(
            f"rng is a {type(rng).__qualname__}: pass an int, a numpy.random.Generator, or None for a fresh seed"
        )
    if rng < 0:
        raise SubjectError(f"rng is {rng}: a seed is not negative")
    return operator.index(rng)


def tolerance_of(rtol: float | None, subject: Subject) -> float:
    """`rtol`, or the default that was set, or that for the narrowest type of the subject's parameters.

    Raises
    ------
    SubjectError
        If it is not between 0 and 1.
    """
    if rtol is None:
        rtol = current().rtol
    if rtol is None:
        bits = min(np.finfo(block.dtype).nmant for block in subject.blocks)
        evaluated = min(np.finfo(x.dtype).nmant for x in subject.point)
        tolerance = next(tolerance for least, tolerance in TOLERANCES if bits >= least)
        return tolerance if evaluated > bits or bits >= TOLERANCES[0][0] else NARROW * tolerance
    return checked_rtol(rtol)


def budget_of(budget: int | None) -> int:
    """`budget`, or the default.

    Raises
    ------
    SubjectError
        If it does not suffice for one slope.
    """
    if budget is None:
        budget = current().budget
    return BUDGET if budget is None else checked_budget(budget)


@contextmanager
def mapping_of(workers: int | Callable[..., Iterable[Any]] | None, subject: Subject) -> Iterator[Map]:
    """A map over points: the built-in one, one of the user's, or a pool of processes.

    Raises
    ------
    SubjectTypeError
        If `workers` is neither, or the subject cannot be evaluated at several points at once.
    """
    if workers is None or workers == 1:
        yield map
        return
    if not subject.parallel:
        raise SubjectTypeError(
            f"workers={workers!r}: {subject.name} is checked in place and holds one point at a time; leave workers out"
        )
    if callable(workers):
        yield workers
        return
    try:
        count = operator.index(workers)
    except TypeError:
        raise SubjectTypeError(f"workers is {workers!r}: pass a number of processes or a map-like callable") from None
    if count == 0:
        raise SubjectError("workers is 0: pass a number of processes, or -1 for one a core")
    try:
        import joblib
    except ImportError:
        raise SubjectTypeError("workers needs joblib: pip install 'gradcheck[workers]'") from None
    with joblib.Parallel(n_jobs=count if count > 0 else os.cpu_count()) as pool:
        yield lambda function, points: pool(joblib.delayed(function)(point) for point in points)
