"""Findings of a check of a map: the mistake that explains each wrong block, or where it is wrong."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from gradcheck.diagnosis.finding import Finding
from gradcheck.diagnosis.maps.explain import Explanation, explain
from gradcheck.diagnosis.maps.settings import MAP_DIAGNOSIS
from gradcheck.diagnosis.maps.wording import worded
from gradcheck.diagnosis.mistakes import BY_SLUG
from gradcheck.probes.place import Place
from gradcheck.subjects.maps.map_subject import BudgetSpentError
from gradcheck.tracebacks import pass_on_signal
from gradcheck.verdicts.entry import Entry
from gradcheck.verdicts.maps.result import MapResult, PairResult
from gradcheck.verdicts.settings import VERDICTS
from gradcheck.verdicts.verdict import Verdict

#: Said of a gap that a solver inside the map may make.
SOLVER = "a solver or integrator inside the map may be the cause: tighten its tolerance, or pass loss_accuracy="


def map_findings(
    result: MapResult, name_of: Callable[[PairResult], str], *, symmetric: bool
) -> tuple[MapResult, tuple[Finding, ...]]:
    """Explain each pair that failed; one whose gap a solver may have made is undecided unless a mistake explains it.

    Parameters
    ----------
    result : MapResult
    name_of : callable
        Name of a pair in the report.
    symmetric : bool
        Whether the right derivative is a Hessian.
    """
    pairs: list[PairResult] = []
    found: list[Finding] = []
    with result.subject.session():
        for pair in result.pairs:
            if pair.verdict is not Verdict.FAIL:
                pairs.append(pair)
                continue
            explanation, trouble = _explained(pair, result, symmetric)
            if pair.result.spread is not None and explanation is None and not _in_few_rows(pair, result):
                pairs.append(replace(pair, verdict=Verdict.UNDECIDED, note=f"{pair.note}: {SOLVER}"))
                found.append(_of("solver-tolerance", name_of(pair), "", pair.note, name_of(pair)))
                continue
            pairs.append(replace(pair, note="") if pair.result.spread is not None else pair)
            found.append(_finding(pair, result, explanation, name_of(pair), trouble))
    behaviour = [_of(seen.slug, "the whole", "", seen.evidence, None) for seen in result.observations]
    return replace(result, pairs=tuple(pairs)), (*_merged(found), *behaviour)


def _explained(pair: PairResult, result: MapResult, symmetric: bool) -> tuple[Explanation | None, str]:
    if pair.result.screening is None:
        return None, ""
    try:
        return explain(pair, result, symmetric=symmetric), ""
    except BudgetSpentError:
        return None, "the search for a known mistake ended with the budget"
    except Exception as error:
        pass_on_signal(error)
        return None, f"the search for a known mistake ended with {type(error).__name__}: {error}"


@dataclass(frozen=True, slots=True)
class _RowGap:
    """What is off in one row.

    Attributes
    ----------
    wrong, large : int
        How many entries have a gap, and how many one that is not far smaller than the largest.
    entries : int
        How many are not zero.
    gap, size : float
        Norms of the gap and of the row.
    """

    wrong: int
    large: int
    entries: int
    gap: float
    size: float


def _in_few_rows(pair: PairResult, result: MapResult) -> bool:
    """Whether few rows are wrong, by more than the solver makes that the others may have.

    Outputs that depend on no solver may stand beside others that do. Its errors are small, and in all entries of a row
    that are not zero. So rows are few if at least half of the outputs are right to within their error bars; or if their
    gaps are far larger than those of all others, as where the whole derivative is an approximation.
    """
    height, width = result.subject.outputs.sizes[pair.output], result.subject.blocks[pair.block].size
    rows = list(_gaps_of_rows(pair, result))
    apart = 2 * len(rows) > height
    if apart:
        rows = _standing_out(rows)
    if not rows:
        return False
    size, gap = math.hypot(*(row.size for row in rows)), math.hypot(*(row.gap for row in rows))
    if apart:
        return gap > VERDICTS.solver_part * size or any(VERDICTS.few_divisor * row.large <= row.entries for row in rows)
    most = VERDICTS.solver_part if width > 1 else VERDICTS.single_part
    return gap > most * size or any(row.wrong < VERDICTS.spread_share * row.entries for row in rows)


def _standing_out(rows: Sequence[_RowGap]) -> list[_RowGap]:
    """Rows whose gaps are far larger than those of all others, if they are few."""
    ordered = sorted(rows, key=lambda row: -row.gap)
    for few in range(1, len(ordered) // VERDICTS.few_divisor + 1):
        if ordered[few - 1].gap > MAP_DIAGNOSIS.apart * ordered[few].gap:
            return ordered[:few]
    return []


def _gaps_of_rows(pair: PairResult, result: MapResult) -> Iterator[_RowGap]:
    """The wrong rows; of a large block as far as they were measured."""
    if pair.measured is not None:
        claimed, numeric, error = pair.measured.claimed, pair.measured.numeric, pair.measured.error
        off = np.abs(claimed - numeric) > MAP_DIAGNOSIS.bars * error
        some = off | (claimed != 0)
        for row in np.flatnonzero(off.any(axis=1)):
            gaps = np.abs(claimed[row] - numeric[row])
            large = int((off[row] & (MAP_DIAGNOSIS.apart * gaps > gaps.max())).sum())
            size = float(np.linalg.norm(numeric[row]))
            yield _RowGap(int(off[row].sum()), large, int(some[row].sum()), float(np.linalg.norm(gaps)), size)
        return
    shape, width = result.subject.outputs.shapes[pair.output], result.subject.blocks[pair.block].size
    for number in pair.rows or ():
        place = tuple(map(int, np.unravel_index(number, shape)))
        entries = [entry for entry in pair.entries if entry.index[: len(shape)] == place]
        gap, size = (math.hypot(*values) for values in ([e.gap for e in entries], [e.numeric for e in entries]))
        wrong = sum(entry.wrong for entry in entries) if pair.listed else width
        yield _RowGap(wrong, wrong, _not_zero(pair, result, number) if pair.listed else width, gap, size)


def _not_zero(pair: PairResult, result: MapResult, row: int) -> int:
    """How many entries of a row of a block are claimed not to be zero."""
    if pair.forms is None:
        return int(result.subject.blocks[pair.block].size)
    unit = np.zeros(result.subject.outputs.size)
    unit[result.subject.outputs.slices[pair.output].start + row] = 1.0
    return int(np.count_nonzero(pair.forms.pullback(unit)[pair.block]))


def _is_few(pair: PairResult, result: MapResult) -> bool:
    wrong = sum(entry.wrong for entry in pair.entries)
    size = result.subject.outputs.sizes[pair.output] * result.subject.blocks[pair.block].size
    return 0 < wrong <= max(1.0, MAP_DIAGNOSIS.few_part * size) and size > 1


def _finding(pair: PairResult, result: MapResult, explanation: Explanation | None, name: str, trouble: str) -> Finding:
    if pair.result.screening is None:
        return _of("not-finite", name, "", pair.note, name)
    at = "" if pair.place is Place.USER else f" at {pair.place.value}"
    evidence = _evidence(pair, name)
    if pair.note:
        evidence += f" ({pair.note})"
    if trouble:
        evidence += f"; {trouble}"
    if explanation is not None:
        where = f"{name}, {explanation.place}" if explanation.place else name
        return _of(explanation.slug, where, explanation.message + at, evidence, name)
    wrong = [entry for entry in pair.entries if entry.wrong]
    if pair.listed and _is_few(pair, result):
        where = f"{name}{_index(wrong[0])}" if len(wrong) == 1 else name
        noun = "entries is" if len(wrong) == 1 else "entries are"
        size = result.subject.outputs.sizes[pair.output] * result.subject.blocks[pair.block].size
        return _of("isolated-entries", where, f"{len(wrong)} of {size} {noun} wrong{at}", evidence, name)
    rows = ""
    if pair.rows and len(pair.rows) < result.subject.outputs.sizes[pair.output]:
        places = ", ".join(map(str, pair.rows[: MAP_DIAGNOSIS.shown]))
        more = len(pair.rows) - MAP_DIAGNOSIS.shown
        rows = f" in row{'s' if len(pair.rows) > 1 else ''} {places}" + (f" and {more} more" if more > 0 else "")
    message = f"the claimed derivative is wrong{rows}{at}; no known mistake explains this"
    fix = f"Derive {name} again, and compare it with the entries that were measured: entries=True lists every entry."
    return Finding("GC000", "unexplained", name, message, evidence, fix, blocks=(name,))


def _index(entry: Entry) -> str:
    return f"[{', '.join(map(str, entry.index))}]"


def _evidence(pair: PairResult, name: str) -> str:
    """The wrong entries with the largest gaps; else the slope along which the gap was found."""
    wrong = sorted((entry for entry in pair.entries if entry.wrong), key=lambda entry: -abs(entry.gap))
    if not wrong:
        assert pair.result.screening is not None
        return str(pair.result.screening.comparison)
    shown = "\n".join(f"{name}{entry}" for entry in wrong[: MAP_DIAGNOSIS.shown])
    more = len(wrong) - MAP_DIAGNOSIS.shown
    return shown + (f"\nand {more} more" if more > 0 else "")


def _of(slug: str, where: str, message: str, evidence: str, name: str | None) -> Finding:
    mistake = BY_SLUG[slug]
    blocks = () if name is None else (name,)
    description, fix = message or worded(mistake.description), worded(mistake.fix)
    return Finding(mistake.code, slug, where, description, worded(evidence), fix, blocks=blocks)


def _merged(findings: Sequence[Finding]) -> list[Finding]:
    """Findings with the same message as one; those that have a name first."""
    groups: dict[tuple[str, str], list[Finding]] = {}
    for finding in sorted(findings, key=lambda finding: finding.code == "GC000"):
        groups.setdefault((finding.slug, finding.message), []).append(finding)
    merged = []
    for group in groups.values():
        first = group[0]
        blocks = tuple(dict.fromkeys(name for finding in group for name in finding.blocks))
        where = ", ".join(finding.where for finding in group)
        evidence = "\n".join(finding.evidence for finding in group)
        merged.append(first if len(group) == 1 else replace(first, where=where, evidence=evidence, blocks=blocks))
    return merged
