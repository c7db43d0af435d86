"""What every finding about training has: a code, a slug, and what looks for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from gradcheck.diagnosis.finding import Finding
from gradcheck.training.doctor.measurements import Examination


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


#: Small numbers as they are written in a sentence.
WORDS = ("", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")


def counted(n: float) -> str:
    """A number of steps, exactly as far as it matters.

    Examples
    --------
    >>> counted(5385.2), counted(3_966_812)
    ('5,385', '3.967 million')
    """
    if n < 999_950:
        return f"{n:,.0f}"
    return f"{n / 1e6:.3f} million" if n < 9_999_500 else f"{n / 1e6:.3g} million" if n < 1e15 else f"{n:.1e}"


def roughly(low: float, high: float) -> str:
    """A number of steps, or a range, as people say it.

    Examples
    --------
    >>> roughly(3_966_812, 8_267_900), roughly(6_879_180, 22_724_839)
    ('four to eight million', '6.9 to 23 million')
    >>> roughly(13_541, 13_541), roughly(1e6, 1e6)
    ('14,000', 'one million')
    """
    if low >= 999_500:
        whole = [round(n / 1e6) for n in (low, high)]
        small = max(whole) < len(WORDS)
        ends = [WORDS[n] for n in whole] if small else [_digits(n / 1e6) for n in (low, high)]
        return f"{ends[0]} million" if ends[0] == ends[1] else f"{ends[0]} to {ends[1]} million"
    ends = [_digits(n) for n in (low, high)]
    return ends[0] if ends[0] == ends[1] else f"{ends[0]} to {ends[1]}"


def _digits(n: float) -> str:
    """Two of them."""
    rounded = float(f"{n:.2g}")
    return f"{rounded:,.0f}" if rounded >= 10 else f"{rounded:g}"
