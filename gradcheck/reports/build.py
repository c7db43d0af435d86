"""Makes a report from the verdicts and findings of a check, with norms, relative errors and resolutions."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from gradcheck.diagnosis.finding import Finding
from gradcheck.reports.data import BlockReport
from gradcheck.reports.report import Report
from gradcheck.verdicts.curve import StepGap, curve_of, gap_scale
from gradcheck.verdicts.result import BlockResult, CheckResult
from gradcheck.verdicts.settings import VERDICTS
from gradcheck.verdicts.verdict import Verdict

#: Probability of missing an error as large as the stated resolution.
MISS = 0.001

#: The smallest relative error of one entry that is sure to show exceeds `rtol` by this many error bars: one for the
#: uncertainty of the gap, and one for the gap to exceed it.
BARS_PER_ENTRY = 2

#: Along so many lines a gap is measured that is tolerated.
TOLERATED_LINES = VERDICTS.gap_lines + 1


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
    curves: Mapping[str, tuple[StepGap, ...]] | None = None,
) -> Report:
    """Make a report.

    Parameters
    ----------
    check : CheckResult
    findings : sequence of Finding
        Strongest first.
    version, target, seed, rtol, seconds, evaluations, gradients
        As in `gradcheck.reports.data.ReportData`.
    curves : mapping of str to tuple of StepGap, optional
        Of some blocks the error against more steps than the check took.
    """
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
        blocks={
            block.block.name: _block_report(block, rtol, (curves or {}).get(block.block.name) or _curve(block))
            for block in check.blocks
        },
        findings=tuple(findings),
        notes=check.notes,
    )


def _block_report(block: BlockResult, rtol: float, curve: tuple[StepGap, ...]) -> BlockReport:
    relative_error, error_bar = _relative(block)
    passes = block.verdict is Verdict.PASS
    location = block.location
    entries = location.entries if location else ()
    zero = passes and block.screening is not None and block.screening.comparison.zero
    agreed = passes and location is None and block.measured and block.spread is None
    numeric = 0.0 if zero else block.claimed_norm if agreed else None
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
        where=_where(block),
        note=block.note,
        curve=curve,
    )


def _curve(block: BlockResult) -> tuple[StepGap, ...]:
    """The error against the steps that the check took, where the verdict rests on them."""
    return curve_of(block.screening) if block.screening is not None and block.measured else ()


def _where(block: BlockResult) -> str:
    """The point that decided, in words."""
    return f"{block.place.value}, with very short steps" if block.zoomed else block.place.value


def _relative(block: BlockResult) -> tuple[float, float]:
    """Largest relative gap found, and its error bar."""
    if block.screening is None:
        return (0.0, 0.0) if block.verdict is Verdict.PASS else (math.nan, math.nan)
    comparison = block.screening.comparison
    if not block.measured:
        return math.nan, math.nan
    bar = comparison.hidden if block.verdict is Verdict.PASS else comparison.error_bar
    found = [(abs(comparison.gap), bar, gap_scale(block.screening))]
    if block.location is not None and block.verdict is Verdict.FAIL:
        found += [(abs(e.gap), e.error, max(abs(e.claimed), abs(e.numeric))) for e in block.location.entries if e.wrong]
    if comparison.zero and block.verdict is Verdict.PASS:
        length = block.screening.contribution.length
        return 0.0, bar / length if length > 0 else math.nan
    gaps = [(gap / scale, bar / scale) for gap, bar, scale in found if scale > 0]
    return max(gaps, default=(math.nan, math.nan))


def _resolutions(block: BlockResult, rtol: float) -> tuple[float | None, float | None]:
    """Smallest relative error, in one entry and in all entries alike, that is found with probability 1 - `MISS`.

    A relative error ε in one entry changes the directional derivative by at least ε·small. The same error in all
    entries changes it by ε times a sum of random signs, which is nearly normal with standard deviation `norm`. The
    density of the absolute value of a standard normal number is at most √(2/π) = 0.798, so R independent directions all
    change by less than z standard deviations with a probability of at most (0.798·z)^R.

    Where a gap is tolerated, small gaps of many entries add up to it, and may hide one that is off. They were measured
    along `TOLERATED_LINES` random lines; by the same inequality all of these show less than a part of what another line
    may.
    """
    screening = block.screening
    if screening is None or not block.measured or screening.comparison.zero or screening.contribution.small == 0.0:
        return None, None
    if block.spread is not None:
        return None, block.spread
    comparison, share = screening.comparison, screening.contribution
    if not share.norm > 0 or not math.isfinite(comparison.hidden):
        return None, None
    hidden = block.location.background * share.norm / _quantile(TOLERATED_LINES) if block.location is not None else 0.0
    one = rtol + BARS_PER_ENTRY * (hidden + comparison.hidden) / share.small
    if block.block.size == 1:
        return stated(one), stated(one)
    seen = hidden + comparison.hidden + max(comparison.hidden, comparison.tolerance)
    return stated(one), max(rtol, seen / (_quantile(screening.lines) * share.norm))


def stated(resolution: float | None) -> float | None:
    """A resolution, if it is one: an entry that may be off by all of its size was not seen at all."""
    return resolution if resolution is not None and resolution <= 1.0 else None


def _quantile(lines: int) -> float:
    """All of so many independent normal numbers are less than so many standard deviations with probability `MISS`."""
    return math.pow(MISS, 1 / lines) / math.sqrt(2 / math.pi)
