"""Exit statuses of the command line, and which of several is the gravest. Loads nothing."""

from __future__ import annotations

from collections.abc import Iterable

#: Exit status if a check could not run, and if gradcheck itself failed (EX_SOFTWARE of sysexits.h).
CANNOT_RUN, FAULT = 2, 70

#: Exit statuses, the gravest first.
GRAVEST_FIRST = (FAULT, 1, CANNOT_RUN, 3, 0)


def gravest(statuses: Iterable[int]) -> int:
    """The gravest of some exit statuses; 0 if there are none."""
    found = set(statuses)
    return next((status for status in GRAVEST_FIRST if status in found), 0)
