"""The result of the check of an update rule."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from typing import Any

from gradcheck.reports.html import preformatted
from gradcheck.reports.notebook import pretty
from gradcheck.verdicts.verdict import Verdict

#: Largest width of a line of the report.
REPORT_WIDTH = 110


@dataclass(frozen=True, slots=True, repr=False)
class OptimiserReport:
    """The comparison of an update rule with its reference. True if it passed.

    Attributes
    ----------
    verdict : Verdict
        ``pass``, ``fail``, or ``undecided`` if hyperparameters are missing and could not be fitted.
    rule : str
        Name of the rule.
    reference : str
        The reference, with all hyperparameters.
    hyperparameters : dict of str to float
    fitted : tuple of str
        Hyperparameters that were not given.
    steps : int
        Number of steps that were compared.
    step : int or None
        The first step that differs, counted from 1.
    block : str or None
    entry : tuple of int or None
        The entry that differs most in that step.
    change, expected : float or None
        Change of that entry in that step, by the rule and by the reference.
    mistake : str or None
        Slug of the mistake that reproduces the steps of the rule. Two slugs are joined by ``" + "`` if it takes both.
        None if no known mistake does.
    term : str or None
        The term that differs.
    message, evidence, fix : str
        What the rule does, the evidence for it, and what to do.
    also : tuple of str
        Other mistakes that make the same steps.
    notes : tuple of str
    dtype : str
        Type of the parameters.
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
        """Change over expected change at the first difference; None if there is none."""
        if self.change is None or not self.expected:
            return None
        return self.change / self.expected

    @property
    def where(self) -> str:
        """Block and entry of the first difference."""
        if self.block is None:
            return ""
        return f"{self.block}[{', '.join(map(str, self.entry))}]" if self.entry else self.block

    def __bool__(self) -> bool:
        return self.verdict is Verdict.PASS

    def __repr__(self) -> str:
        found = "" if self.step is None else f", step {self.step}: {self.mistake or 'unexplained'}"
        return f"<OptimiserReport {self.verdict.value}: {self.rule} against {self.reference}{found}>"

    def __str__(self) -> str:
        lines = [f"{self.verdict.value.upper()}  {self.rule} against {self.reference}"]
        if self.step is not None:
            lines.append(f"First difference at step {self.step}, {self.where}: {self._numbers()}")
        if self.message:
            lines.append(f"{self.message}.  {self.mistake or 'unexplained'}")
        lines += [f"    {line}" for line in (self.evidence, self.fix) if line]
        if self.also:
            lines.append(f"    Equally possible explanations: {', '.join(self.also)}.")
        lines += self.notes
        if self.fitted:
            lines.append(f"Not given, so fitted: {', '.join(self.fitted)}. Compare the fitted values above with yours.")
        lines.append(f"{self.steps} steps, {self.dtype}; reproduce with rng={self.seed}")
        return "\n".join(_wrap(line) for line in lines)

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        pretty(self, printer, cycle)

    def _repr_html_(self) -> str:
        return preformatted(str(self))

    def _numbers(self) -> str:
        ratio = "" if self.ratio is None else f", {self.ratio:.6g} times as much"
        return f"changed by {self.change:.6g}, expected {self.expected:.6g}{ratio}."


def _wrap(line: str) -> str:
    """Wrap a line to the width of the report, with the indent of its first line."""
    indent = " " * (len(line) - len(line.lstrip()))
    return textwrap.fill(line, REPORT_WIDTH, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)
