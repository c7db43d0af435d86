"""What every cause of a stalled loss has: a code, a slug, and a function that looks for it in the measurements."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from gradcheck.diagnosis.finding import Finding
from gradcheck.training.doctor.measurements import Measurements


@dataclass(frozen=True)
class Cause:
    """A reason why a loss does not go down although its gradient is right.

    Attributes
    ----------
    code, slug : str
    find : callable
        Returns the finding, or None if the measurements do not single out this cause.
    explained_by : tuple of str
        Slugs of causes that explain this one. It is not reported if one of them was found.
    """

    code: str
    slug: str
    find: Callable[[Measurements], Finding | None]
    explained_by: tuple[str, ...] = ()


class SourceLocation(Protocol):
    """A line of a source file."""

    @property
    def file(self) -> str:
        """The file."""

    @property
    def line(self) -> int:
        """The line number."""
