"""Defaults for the options of a check: what holds where a call says nothing, and the rules for what may be said.

No arrays here, so that a test runner can set defaults before anything heavy is loaded.
"""

from __future__ import annotations

import numbers
import operator
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, NamedTuple

from gradcheck.errors import SubjectError, SubjectTypeError

#: A check with fewer evaluations of the loss cannot measure one slope.
LEAST_BUDGET = 20


class Defaults(NamedTuple):
    """Options that hold for checks that are not given their own; None leaves an option as it is.

    Attributes
    ----------
    rtol : float or None
    seed : int or None
        Where a call says nothing of `rng`.
    budget : int or None
    """

    rtol: float | None = None
    seed: int | None = None
    budget: int | None = None

    def over(self, other: Defaults) -> Defaults:
        """These, and those of `other` where these say nothing."""
        return Defaults(
            other.rtol if self.rtol is None else self.rtol,
            other.seed if self.seed is None else self.seed,
            other.budget if self.budget is None else self.budget,
        )


_NONE = Defaults()

#: Those of a block of code: of one thread, or of one asynchronous task.
_local: ContextVar[Defaults] = ContextVar("gradcheck defaults", default=_NONE)

#: Those of the whole process, below the others: new threads have them, too.
_whole: list[Defaults] = [_NONE]


def current() -> Defaults:
    """The defaults that hold here."""
    return _local.get().over(_whole[-1])


@contextmanager
def defaults(*, rtol: float | None = None, rng: int | None = None, budget: int | None = None) -> Iterator[None]:
    """Set defaults for the checks that are made within a ``with`` block.

    An argument of a call still goes before them. They hold in this thread, or asynchronous task, alone; an inner block
    changes what it names and keeps the rest.

    Parameters
    ----------
    rtol : float, optional
    rng : int, optional
        A seed.
    budget : int, optional
        As for `check_gradients`.

    Raises
    ------
    SubjectError, SubjectTypeError
        If one of them is not what `check_gradients` takes.

    Examples
    --------
    >>> import gradcheck
    >>> with gradcheck.defaults(rng=7, rtol=1e-3):
    ...     report = gradcheck.check_gradients(lambda x: x**2, lambda x: 2 * x, 3.0)
    >>> report.seed, report.rtol
    (7, 0.001)
    """
    token = _local.set(checked(rtol, rng, budget).over(_local.get()))
    try:
        yield
    finally:
        _local.reset(token)


@contextmanager
def process_defaults(chosen: Defaults) -> Iterator[None]:
    """Set defaults for the whole process, threads that start meanwhile included. For test runners.

    Unlike those of `defaults` they replace the ones before them, and must be left in the order in which they came.
    """
    _whole.append(chosen)
    try:
        yield
    finally:
        _whole.pop()


def checked(rtol: Any = None, seed: Any = None, budget: Any = None) -> Defaults:
    """Make defaults of what a user gave.

    Raises
    ------
    SubjectError, SubjectTypeError
        If one of them cannot be used.
    """
    return Defaults(
        None if rtol is None else checked_rtol(rtol),
        None if seed is None else checked_seed(seed),
        None if budget is None else checked_budget(budget),
    )


def checked_rtol(rtol: Any) -> float:
    """A relative tolerance: a number between 0 and 1."""
    if not isinstance(rtol, numbers.Real):
        raise SubjectTypeError(f"rtol is {rtol!r}: pass a number between 0 and 1, for example 1e-5")
    if not 0 < float(rtol) < 1:
        raise SubjectError(f"rtol is {rtol}: a relative tolerance lies between 0 and 1, for example 1e-5")
    return float(rtol)


def checked_seed(seed: Any) -> int:
    """A seed: a whole number that is not negative."""
    try:
        number = operator.index(seed)
    except TypeError:
        raise SubjectTypeError(f"the seed is {seed!r}: pass a whole number") from None
    if number < 0:
        raise SubjectError(f"the seed is {number}: it may not be negative")
    return number


def checked_budget(budget: Any) -> int:
    """A number of evaluations of the loss that suffices for one slope."""
    try:
        limit = operator.index(budget)
    except TypeError:
        raise SubjectTypeError(f"budget is {budget!r}: pass a whole number of evaluations of the loss") from None
    if limit < LEAST_BUDGET:
        raise SubjectError(f"budget is {budget}: a check needs at least {LEAST_BUDGET} evaluations of the loss")
    return limit
