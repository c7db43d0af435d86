"""One finding of a report: what is wrong, where, the evidence, and what to do."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding of a report.

    Attributes
    ----------
    code, slug : str
        Of the mistake, ``GC502`` and ``not-finite``, say. ``GC000`` ``unexplained`` is a gradient that is wrong in a
        way that has no name here.
    where : str
        The block, and the entry if it is one.
    message : str
        What is wrong, in a sentence.
    evidence : str
        The numbers that it rests on.
    fix : str
        What to do.
    file : str or None
    line : int or None
        Where in the source, if that is known.
    blocks : tuple of str
        Names of the blocks that the finding is about.
    replacement : str
        The statement on that line with a repair that was tried and makes the gradient right; empty if there is none.
    """

    code: str
    slug: str
    where: str
    message: str
    evidence: str
    fix: str
    file: str | None = None
    line: int | None = None
    blocks: tuple[str, ...] = ()
    replacement: str = ""

    def __str__(self) -> str:
        return f"{self.where}: {self.message} {self.code} {self.slug}"
