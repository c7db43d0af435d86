"""What the check of an update rule found."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass

from gradcheck.verdicts.verdict import Verdict

#: Of a line of the report.
WIDTH = 110


@dataclass(frozen=True, slots=True, repr=False)
class OptimiserReport:
    """An update rule against its reference. True if it takes the same steps.

    Attributes
    ----------
    verdict : Verdict
        ``pass``, ``fail``, or ``undecided`` where hyperparameters are missing and could not be fitted.
    rule : str
        What was checked.
    reference : str
        What it was held against, with all hyperparameters.
    hyperparameters : dict of str to float
    fitted : tuple of str
        Those that were not given.
    steps : int
        How many were taken.
    step : int or None
        The first one that differs, from 1.
    block : str or None
    entry : tuple of int or None
        The entry of which it differs most there.
    change, expected : float or None
        Of that entry, in that step.
    mistake : str or None
        Slug of what makes the very steps of the rule; two, joined by ``" + "``, where it takes two; None where nothing
        known does.
    term : str or None
        The term that differs.
    message, evidence, fix : str
        What the rule does, the numbers that this rests on, and what to do.
    also : tuple of str
        Other mistakes that make the same steps.
    notes : tuple of str
    dtype : str
    seed : int
        Passed as `rng`, it reproduces the check.
    """

    verdict: Verdict
    rule: str
    reference: str
    hyperparameters: dict[str, float]
    fitted: tuple[str, ...]
    steps: int
    dtype: str
    seed: int
    step: int | None = None
    block: str | None = None
    entry: tuple[int, ...] | None = None
    change: float | None = None
    expected: float | None = None
    mistake: str | None = None
    term: str | None = None
    message: str = ""
    evidence: str = ""
    fix: str = ""
    also: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def ratio(self) -> float | None:
        """The change made over that expected, at the first parting; None where there is none."""
        if self.change is None or not self.expected:
            return None
        return self.change / self.expected

    @property
    def where(self) -> str:
        """The first parting: block and entry."""
        if self.block is None:
            return ""
        return f"{self.block}[{', '.join(map(str, self.entry))}]" if self.entry else self.block

    def __bool__(self) -> bool:
        return self.verdict is Verdict.PASS

    def __repr__(self) -> str:
        what = "" if self.step is None else f", step {self.step}: {self.mistake or 'unexplained'}"
        return f"<OptimiserReport {self.verdict.value}: {self.rule} against {self.reference}{what}>"

    def __str__(self) -> str:
        lines = [f"{self.verdict.value.upper()}  {self.rule} against {self.reference}"]
        if self.step is not None:
            lines.append(f"They part at step {self.step}, {self.where}: {self._numbers()}")
        if self.message:
            lines.append(f"{self.message}.  {self.mistake or 'unexplained'}")
        lines += [f"    {line}" for line in (self.evidence, self.fix) if line]
        if self.also:
            lines.append(f"    The same steps come from: {', '.join(self.also)}.")
        lines += self.notes
        if self.fitted:
            lines.append(f"Fitted, as they were not given: {', '.join(self.fitted)}. Hold them against yours.")
        lines.append(f"{self.steps} steps, {self.dtype}; reproduce with rng={self.seed}")
        return "\n".join(_wrapped(line) for line in lines)

    def _numbers(self) -> str:
        ratio = "" if self.ratio is None else f", {self.ratio:.6g} times as much"
        return f"changed by {self.change:.6g}, expected {self.expected:.6g}{ratio}."


def _wrapped(line: str) -> str:
    """A line in the width of a page; what follows stands below its first word."""
    indent = " " * (len(line) - len(line.lstrip()))
    return textwrap.fill(line, WIDTH, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)
