"""All that a check found, as plain data."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from gradcheck.diagnosis.finding import Finding
from gradcheck.verdicts.entry import Entry
from gradcheck.verdicts.result import BlockResult, CheckResult
from gradcheck.verdicts.verdict import Verdict

#: An error of the stated resolution is missed with this probability.
MISS = 0.001

#: So many blocks are named where a line has to do.
NAMED = 4


@dataclass(frozen=True, slots=True)
class BlockReport:
    """One block of parameters.

    Attributes
    ----------
    name : str
    shape : tuple of int
    dtype : str
    verdict : Verdict
    claimed_norm : float
        Euclidean norm of the claimed gradient.
    numeric_norm : float or None
        That of the numeric one: measured where all entries were; where the block passes, equal to the claimed one to
        within `block_resolution`; else unknown.
    relative_error : float
        The largest relative gap that was seen, along a random direction through the block or in one entry of it.
    error_bar : float
        How far `relative_error` may be off. Of a block whose claim is zero: the largest root mean square of its true
        entries that would have gone unseen.
    resolution : float or None
        The smallest relative error, in one entry, that would have been found with probability 0.999. An entry smaller
        than a hundredth of the median is held to that. None unless the block passes.
    block_resolution : float or None
        The same for an error of all entries alike.
    worst : Entry or None
        The entry that is off by most, if entries were measured.
    entries : tuple of Entry
        The entries that were measured.
    where : str
        The point that decided.
    note : str
    """

    name: str
    shape: tuple[int, ...]
    dtype: str
    verdict: Verdict
    claimed_norm: float
    numeric_norm: float | None
    relative_error: float
    error_bar: float
    resolution: float | None
    block_resolution: float | None
    worst: Entry | None
    entries: tuple[Entry, ...]
    where: str
    note: str

    @property
    def passes(self) -> bool:
        """Whether its verdict is "pass"."""
        return self.verdict is Verdict.PASS

    def __str__(self) -> str:
        return f"{self.name}: {self.verdict.value}, relative error {self.relative_error:.1e} ± {self.error_bar:.1e}"


@dataclass(frozen=True, slots=True)
class LineReport:
    """One line of a backward pass.

    Attributes
    ----------
    file : str
    line : int
    target : str
        The derivative, as the program calls it.
    of : str
        The variable that it is the derivative by.
    verdict : Verdict
    factor : float or None
        The constant that it carries by convention, relative to the derivative of the loss; None if it is wrong in
        another way than by a constant.
    text : str
        The line.
    """

    file: str
    line: int
    target: str
    of: str
    verdict: Verdict
    factor: float | None
    text: str = ""

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.target} (of {self.of}): {self.verdict.value}"


@dataclass(frozen=True, slots=True, repr=False)
class Report:
    """What a check found. True if the gradient passed.

    Attributes
    ----------
    version : str
        Of gradcheck.
    target : str
        What was checked.
    verdict : Verdict
        Its `value` is ``"pass"``, ``"fail"`` or ``"undecided"``.
    method : str
        ``"gradcheck"`` or ``"textbook"``.
    seed : int
        Passed as `rng`, it reproduces the check.
    rtol : float
    loss : float
        At the point that was checked.
    noise : float
        Bound on the error of one value of the loss.
    evaluations, gradients : int
        Of the loss and of the gradient.
    seconds : float
    blocks : dict of str to BlockReport
    findings : tuple of Finding
        Strongest first.
    notes : tuple of str
    """

    version: str
    target: str
    verdict: Verdict
    method: str
    seed: int
    rtol: float
    loss: float
    noise: float
    evaluations: int
    gradients: int
    seconds: float
    blocks: dict[str, BlockReport]
    findings: tuple[Finding, ...] = ()
    notes: tuple[str, ...] = field(default=())
    lines: tuple[LineReport, ...] = ()
    sources: dict[str, str] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return self.verdict is Verdict.PASS

    @property
    def line(self) -> str:
        """What matters most, in one line: verdict, blocks, mistakes and the seed."""
        names = [name for name, block in self.blocks.items() if block.verdict is self.verdict]
        which = ", ".join(names[:NAMED]) + (f" and {len(names) - NAMED} more" if len(names) > NAMED else "")
        named = ", ".join(dict.fromkeys(f"{finding.code} {finding.slug}" for finding in self.findings))
        place = f" in {which}" if not self and which else ""
        return f"{self.verdict.value}: {self.target}{place}{': ' if named else ''}{named} (rng={self.seed})"

    def of_block(self, name: str) -> Report:
        """The part of the report that is about one block: its line, and the findings that mention it."""
        block = self.blocks[name]
        mention = re.compile(rf"(?<![\w.]){re.escape(name)}(?![\w.])")
        findings = tuple(f for f in self.findings if mention.search(f.where) or mention.search(f.evidence))
        kept = () if block.verdict is Verdict.PASS else findings or self.findings
        return replace(self, verdict=block.verdict, blocks={name: block}, findings=kept, lines=())

    def __repr__(self) -> str:
        failed = [name for name, block in self.blocks.items() if block.verdict is not Verdict.PASS]
        which = f" ({', '.join(failed)})" if failed else ""
        return f"<Report {self.verdict.value}{which}: {self.target}, {self.evaluations} evaluations>"

    def __str__(self) -> str:
        from gradcheck.reports.text import text_of

        return text_of(self)

    def _repr_html_(self) -> str:
        from gradcheck.reports.html import fragment_of

        return fragment_of(self)


def report_of(
    check: CheckResult,
    findings: Sequence[Finding] = (),
    *,
    version: str,
    target: str,
    seed: int,
    rtol: float,
    seconds: float,
    evaluations: int,
    gradients: int,
) -> Report:
    """Turn a check, and what is to be told of it, into a report."""
    return Report(
        version=version,
        target=target,
        verdict=check.verdict,
        method="gradcheck",
        seed=seed,
        rtol=rtol,
        loss=check.value,
        noise=check.noise,
        evaluations=evaluations,
        gradients=gradients,
        seconds=seconds,
        blocks={block.block.name: _block_report(block, rtol) for block in check.blocks},
        findings=tuple(findings),
        notes=check.notes,
    )


def _block_report(block: BlockResult, rtol: float) -> BlockReport:
    relative_error, error_bar = _relative(block)
    passes = block.verdict is Verdict.PASS
    location = block.location
    entries = location.entries if location else ()
    none = passes and block.screening is not None and block.screening.comparison.zero
    numeric = 0.0 if none else block.claimed_norm if passes else None
    if location is not None and location.complete:
        numeric = math.hypot(*(entry.numeric for entry in entries))
    resolution, block_resolution = _resolutions(block, rtol) if passes else (None, None)
    return BlockReport(
        name=block.block.name,
        shape=block.block.shape,
        dtype=block.block.dtype,
        verdict=block.verdict,
        claimed_norm=block.claimed_norm,
        numeric_norm=numeric,
        relative_error=relative_error,
        error_bar=error_bar,
        resolution=resolution,
        block_resolution=block_resolution,
        worst=location.worst if location else None,
        entries=entries,
        where=where_of(block),
        note=block.note,
    )


def where_of(block: BlockResult) -> str:
    """The point that decided, in words."""
    return f"{block.place.value}, with very short steps" if block.zoomed else block.place.value


def _relative(block: BlockResult) -> tuple[float, float]:
    """Largest relative gap seen, and its bar."""
    if block.screening is None:
        return (0.0, 0.0) if block.verdict is Verdict.PASS else (math.nan, math.nan)
    comparison = block.screening.comparison
    found = [(abs(comparison.gap), comparison.error_bar, max(block.screening.contribution.norm, _own_slope(block)))]
    if block.location is not None and block.verdict is Verdict.FAIL:
        found += [(abs(e.gap), e.error, max(abs(e.claimed), abs(e.numeric))) for e in block.location.entries if e.wrong]
    if comparison.zero and block.verdict is Verdict.PASS:
        return 0.0, comparison.error_bar / block.screening.length if block.screening.length > 0 else math.nan
    gaps = [(gap / scale, bar / scale) for gap, bar, scale in found if scale > 0]
    return max(gaps, default=(math.nan, math.nan))


def _own_slope(block: BlockResult) -> float:
    assert block.screening is not None
    return abs(block.screening.comparison.estimate.value) if block.screening.own else 0.0


def _resolutions(block: BlockResult, rtol: float) -> tuple[float | None, float | None]:
    """Smallest relative error, in one entry and in all alike, that is found with probability 1 - `MISS`.

    An error of relative size ε in one entry moves the slope by at least ε·small. In all entries alike it moves the
    slope
    by ε times a sum of random signs, nearly normal with standard deviation `norm`; R independent rays all have it below
    z standard deviations with probability (0.798·z)^R.
    """
    screening = block.screening
    if screening is None or screening.comparison.zero or screening.contribution.small == 0.0:
        return None, None
    comparison, share = screening.comparison, screening.contribution
    if not share.norm > 0 or not math.isfinite(comparison.error_bar):
        return None, None
    one = rtol + 2 * comparison.error_bar / share.small
    if block.block.size == 1:
        return one, one
    seen = comparison.error_bar + max(comparison.error_bar, comparison.tolerance)
    quantile = MISS ** (1 / screening.lines) / math.sqrt(2 / math.pi)
    return one, max(rtol, seen / (quantile * share.norm))
