"""What every finding about training has: a code, a slug, and what looks for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from gradcheck.finding import Finding
from gradcheck.training.examination import Examination


@dataclass(frozen=True)
class Symptom:
    """What was measured, before it has a name.

    Attributes
    ----------
    where, message, evidence, fix : str
        As of a `Finding`.
    """

    where: str
    message: str
    evidence: str
    fix: str


@dataclass(frozen=True)
class Illness:
    """A reason why a loss does not go down although its gradient is right.

    Attributes
    ----------
    code, slug : str
    look : callable
        Gives what was measured of an `Examination`, or None where nothing singles this illness out.
    unless : tuple of str
        Slugs that explain it: where one of them was found, this is not told of again.
    """

    code: str
    slug: str
    look: Callable[[Examination], Symptom | None]
    unless: tuple[str, ...] = ()

    def find(self, examination: Examination) -> Finding | None:
        """The finding, if there is one."""
        seen = self.look(examination)
        if seen is None:
            return None
        return Finding(self.code, self.slug, seen.where, seen.message, seen.evidence, seen.fix)


def counted(n: float) -> str:
    """A number of steps as people say it: with commas, in millions where there are some."""
    if n >= 9_999_500:
        return f"{n / 1e6:.3g} million"
    if n >= 999_950:
        return f"{n / 1e6:.3f} million".replace(".000", "")
    return f"{n:,.0f}"
