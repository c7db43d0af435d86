"""Options of a check, validated and with their defaults: seed, tolerance, budget, workers."""

from __future__ import annotations

import numbers
import operator
import os
import pickle
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from gradcheck.errors import SubjectError, SubjectTypeError
from gradcheck.settings import checked_budget, checked_rtol, current

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gradcheck.probes.evaluator import Map
    from gradcheck.probes.journal import Journal
    from gradcheck.subjects.subject import Subject


class HasMap(Protocol):
    """An executor of `concurrent.futures`, or a client of Dask."""

    @property
    def map(self) -> Callable[..., Any]:
        """Calls a function for each of several arguments."""


#: Who evaluates a function at several points at once: so many processes, something like `map`, or what has one.
Workers = int | Callable[..., Iterable[Any]] | HasMap | None


class _Portable:
    """A function that other processes get with all that it needs, lambdas and local functions as well."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self._function = function

    def __call__(self, *arguments: Any) -> Any:
        return self._function(*arguments)

    def __getstate__(self) -> bytes:
        try:
            import cloudpickle  # comes with joblib and with Dask
        except ImportError:
            return pickle.dumps(self._function)
        packed: bytes = cloudpickle.dumps(self._function)
        return packed

    def __setstate__(self, packed: bytes) -> None:
        self._function = pickle.loads(packed)


@dataclass(frozen=True, slots=True)
class DefaultOptions:
    """Options of a check where neither the call nor `gradcheck.defaults` sets them.

    Attributes
    ----------
    rtol_by_bits : tuple of (int, float)
        Relative tolerance for parameters whose narrowest type has at least so many mantissa bits: float64 (52), float32
        (23), float16 and narrower. Chosen above the rounding error of gradients that sum many terms in that type, and
        below the errors that mistakes in a derivative make.
    narrow_evaluation_factor : float
        The tolerance is this many times larger if the loss can only be evaluated in a type narrower than float64: its
        own rounding error adds to that of the claim.
    budget : int
        Evaluations of the loss. A passing check takes about 19, whatever the number of parameters; the rest is for
        locating and naming mistakes.
    """

    rtol_by_bits: tuple[tuple[int, float], ...] = ((50, 5e-5), (20, 1e-2), (0, 0.2))
    narrow_evaluation_factor: float = 3.0
    budget: int = 2000


DEFAULT_OPTIONS = DefaultOptions()


def journal_of(
    path: str | os.PathLike[str] | None, subject: Subject, seed: int
) -> AbstractContextManager[Journal | None]:
    """The journal of a check, which is closed at its end; None if it has none."""
    if path is None:
        return nullcontext()
    from gradcheck.probes.journal import Journal

    return Journal(path, subject, seed)


def seed_of(rng: int | np.random.Generator | np.random.SeedSequence | None) -> int:
    """The seed of a check: an integer as it is, one drawn from a generator, or the default or a fresh one for None.

    Raises
    ------
    SubjectTypeError
        If `rng` is not an int, a Generator, a SeedSequence or None.
    SubjectError
        If it is negative.
    """
    if rng is None:
        rng = current().seed
    if rng is None:
        return int(np.random.SeedSequence().generate_state(1)[0])
    if isinstance(rng, np.random.Generator):
        return int(rng.integers(2**32))
    if isinstance(rng, np.random.SeedSequence):
        return int(rng.generate_state(1)[0])
    if not hasattr(rng, "__index__"):  # NumPy integers have it too
        raise SubjectTypeError(
            f"rng is a {type(rng).__qualname__}: pass an int, a numpy.random.Generator, or None for a fresh seed"
        )
    if rng < 0:
        raise SubjectError(f"rng is {rng}: a seed may not be negative")
    return operator.index(rng)


def tolerance_of(rtol: float | None, subject: Subject) -> float:
    """The relative tolerance: `rtol`, or the default that was set, or one for the types of the subject.

    Raises
    ------
    SubjectError
        If it is not between 0 and 1.
    """
    if rtol is None:
        rtol = current().rtol
    if rtol is None:
        bits = min(subject.coarse.get(block.name, np.finfo(block.dtype).nmant) for block in subject.blocks)
        evaluated = min(np.finfo(x.dtype).nmant for x in subject.point)
        (full_bits, _), *_ = DEFAULT_OPTIONS.rtol_by_bits
        tolerance = next(tolerance for least, tolerance in DEFAULT_OPTIONS.rtol_by_bits if bits >= least)
        widened = evaluated > bits or bits >= full_bits
        return tolerance if widened else DEFAULT_OPTIONS.narrow_evaluation_factor * tolerance
    return checked_rtol(rtol)


def plain_tolerance(rtol: float | None) -> float:
    """The relative tolerance where no gradient can be evaluated: `rtol`, or the default that was set, or of float64."""
    rtol = current().rtol if rtol is None else rtol
    return DEFAULT_OPTIONS.rtol_by_bits[0][1] if rtol is None else checked_rtol(rtol)


def rtol_beside(coarse: Iterable[str], rtol: float | None) -> float | None:
    """The relative tolerance of parameters of which some, named, are in bfloat16: the default for it if none is set."""
    if rtol is not None or current().rtol is not None or not set(coarse):
        return rtol
    return DEFAULT_OPTIONS.rtol_by_bits[-1][1]


def accuracy_of(loss_accuracy: float | None) -> float | None:
    """The stated accuracy of the loss.

    Raises
    ------
    SubjectError
        If it is not a number from 0 to below 1.
    """
    if loss_accuracy is None:
        return None
    if isinstance(loss_accuracy, bool) or not isinstance(loss_accuracy, numbers.Real):
        raise SubjectTypeError(
            f"loss_accuracy is a {type(loss_accuracy).__qualname__}: pass a number such as 1e-5, or 0"
        )
    if not 0 <= loss_accuracy < 1:
        raise SubjectError(f"loss_accuracy is {loss_accuracy}: pass a relative accuracy such as 1e-5, or 0")
    return float(loss_accuracy)


def budget_of(budget: int | None) -> int:
    """The number of evaluations of the loss that a check may use: `budget`, or the default.

    Raises
    ------
    SubjectError
        If it is too small to measure one directional derivative.
    """
    if budget is None:
        budget = current().budget
    return DEFAULT_OPTIONS.budget if budget is None else checked_budget(budget)


@contextmanager
def mapping_of(workers: Workers, subject: Subject) -> Iterator[Map]:
    """The function that maps the loss over points: the built-in `map`, that of the user, or a pool of processes.

    The `map` of an executor of `concurrent.futures` gives results; that of a Dask client futures, which are gathered.

    Raises
    ------
    SubjectTypeError
        If `workers` is neither a number nor callable, nor has a `map`, or the subject cannot be evaluated at several
        points at once.
    """
    if workers is None or workers == 1:
        yield map
        return
    if not subject.parallel:
        raise SubjectTypeError(
            f"workers={workers!r}: {subject.name} is checked in place, at one point at a time; leave workers out"
        )
    mapped, gather = getattr(workers, "map", None), getattr(workers, "gather", None)
    if callable(mapped):
        if callable(gather):
            yield lambda function, points: gather(mapped(_Portable(function), list(points), pure=False))
        else:
            yield lambda function, points: mapped(_Portable(function), points)
        return
    if callable(workers):
        yield workers
        return
    try:
        count = operator.index(workers)  # type: ignore[arg-type]
    except TypeError:
        raise SubjectTypeError(
            f"workers is {workers!r}: pass a number of processes, a map-like callable, an executor of "
            "concurrent.futures, or a Dask client"
        ) from None
    if count == 0:
        raise SubjectError("workers is 0: pass a number of processes, or -1 for one per core")
    try:
        import joblib
    except ImportError:
        raise SubjectTypeError("workers needs joblib: pip install 'gradcheck[workers]'") from None
    with joblib.Parallel(n_jobs=count if count > 0 else os.cpu_count()) as pool:
        yield lambda function, points: pool(joblib.delayed(function)(point) for point in points)
