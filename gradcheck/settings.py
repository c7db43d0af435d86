"""Default options for checks (rtol, seed, budget), set for a block of code or a process, and their validation.

This module does not import NumPy: a test runner sets defaults before it loads anything heavy.
"""

from __future__ import annotations

import numbers
import operator
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, NamedTuple

from gradcheck.errors import SubjectError, SubjectTypeError

#: A check with fewer evaluations of the loss cannot measure one directional derivative.
MIN_BUDGET = 20


class Defaults(NamedTuple):
    """Options for checks whose call does not set them; None leaves an option unset.

    Attributes
    ----------
    rtol : float or None
    seed : int or None
        Used if a call does not pass `rng`.
    budget : int or None
    """

    rtol: float | None = None
    seed: int | None = None
    budget: int | None = None

    def over(self, other: Defaults) -> Defaults:
        """These options, with those of `other` in place of the unset ones."""
        return Defaults(
            other.rtol if self.rtol is None else self.rtol,
            other.seed if self.seed is None else self.seed,
            other.budget if self.budget is None else self.budget,
        )


_NONE = Defaults()

#: Defaults of a block of code, in one thread or one asynchronous task.
_local: ContextVar[Defaults] = ContextVar("gradcheck defaults", default=_NONE)

#: Defaults of the process, which also apply in new threads. Those of a block take precedence.
_process: list[Defaults] = [_NONE]


def current() -> Defaults:
    """The defaults that apply here."""
    return _local.get().over(_process[-1])


@contextmanager
def defaults(*, rtol: float | None = None, rng: int | None = None, budget: int | None = None) -> Iterator[None]:
    """Set defaults for the checks within a ``with`` block.

    Arguments passed to a check take precedence. The defaults apply only in this thread or asynchronous task. An inner
    block keeps those of the outer one that it does not set.

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
        If one of them is not valid for `check_gradients`.

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
    """Set defaults for the process, including new threads. For test runners.

    They replace earlier defaults of the process completely. Nested contexts must end in reverse order.
    """
    _process.append(chosen)
    try:
        yield
    finally:
        _process.pop()


def checked(rtol: Any = None, seed: Any = None, budget: Any = None) -> Defaults:
    """Validate options and make `Defaults` of them.

    Raises
    ------
    SubjectError, SubjectTypeError
        If one of them is not valid.
    """
    return Defaults(
        None if rtol is None else checked_rtol(rtol),
        None if seed is None else checked_seed(seed),
        None if budget is None else checked_budget(budget),
    )


def checked_rtol(rtol: Any) -> float:
    """Validate a relative tolerance, a number between 0 and 1."""
    if not isinstance(rtol, numbers.Real):
        raise SubjectTypeError(f"rtol is {rtol!r}: pass a number between 0 and 1, for example 1e-5")
    if not 0 < float(rtol) < 1:
        raise SubjectError(f"rtol is {rtol}: a relative tolerance lies between 0 and 1, for example 1e-5")
    return float(rtol)


def checked_seed(seed: Any) -> int:
    """Validate a seed, a whole number that is not negative."""
    try:
        number = operator.index(seed)
    except TypeError:
        raise SubjectTypeError(f"the seed is {seed!r}: pass a whole number") from None
    if number < 0:
        raise SubjectError(f"the seed is {number}: it may not be negative")
    return number


def checked_budget(budget: Any) -> int:
    """Validate a number of evaluations of the loss, at least `MIN_BUDGET`."""
    try:
        limit = operator.index(budget)
    except TypeError:
        raise SubjectTypeError(f"budget is {budget!r}: pass a whole number of evaluations of the loss") from None
    if limit < MIN_BUDGET:
        raise SubjectError(f"budget is {budget}: a check needs at least {MIN_BUDGET} evaluations of the loss")
    return limit
