"""Validation of the arguments of a strategy: bounds with a number between them, and known names."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from gradcheck.errors import SubjectError
from gradcheck.nn.kinds import nearest


def check_bounds(what: str, smallest: Any, largest: Any, *, floor: int = 1) -> None:
    """Refuse bounds ``min_what`` and ``max_what`` that are no whole numbers, or have no number between them.

    Raises
    ------
    SubjectError
    """
    for name, value in ((f"min_{what}", smallest), (f"max_{what}", largest)):
        if not isinstance(value, int) or isinstance(value, bool) or value < floor:
            raise SubjectError(f"{name} must be a whole number of at least {floor}, got {value!r}")
    if smallest > largest:
        raise SubjectError(f"min_{what} is {smallest} and max_{what} is {largest}: no number lies between them")


def known_names(what: str, given: Iterable[Any] | type | None, known: Iterable[str]) -> tuple[str, ...]:
    """Return the names of the names or classes given; all known ones if none are given.

    Raises
    ------
    SubjectError
        If a name is unknown, or the list is empty.
    """
    known = tuple(known)
    if given is None:
        return known
    listed: list[Any] = [given] if isinstance(given, (str, type)) else list(given)
    names = [name.__name__ if isinstance(name, type) else name for name in listed]
    for name in names:
        if name not in known:
            raise SubjectError(f"there is no {what} {name!r}{nearest(name, known)}; there are {', '.join(known)}")
    if not names:
        raise SubjectError(f"the list of {what} names is empty: choose from {', '.join(known)}")
    return tuple(names)
