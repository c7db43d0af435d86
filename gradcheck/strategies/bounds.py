"""Bounds that a strategy is given: refused at once where they leave nothing."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from gradcheck.errors import SubjectError
from gradcheck.nn.kinds import nearest


def bounded(what: str, least: Any, most: Any, *, floor: int = 1) -> None:
    """Refuse bounds ``min_what`` and ``max_what`` with nothing between them."""
    for name, value in ((f"min_{what}", least), (f"max_{what}", most)):
        if not isinstance(value, int) or isinstance(value, bool) or value < floor:
            raise SubjectError(f"{name} must be a whole number from {floor} on, got {value!r}")
    if least > most:
        raise SubjectError(f"min_{what} is {least} and max_{what} is {most}: no number lies between them")


def chosen(what: str, given: Iterable[Any] | None, known: Iterable[str]) -> tuple[str, ...]:
    """Names among those known, from names or classes; all if none are given."""
    known = tuple(known)
    if given is None:
        return known
    names = [given] if isinstance(given, (str, type)) else list(given)
    names = [name.__name__ if isinstance(name, type) else name for name in names]
    for name in names:
        if name not in known:
            raise SubjectError(f"there is no {what} {name!r}{nearest(name, known)}; there are {', '.join(known)}")
    if not names:
        raise SubjectError(f"no {what} is left to draw: there are {', '.join(known)}")
    return tuple(names)
