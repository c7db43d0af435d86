"""The findings on a program: one for each wrong line, with the corrected line if an edit makes the gradients right."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from gradcheck.diagnosis.attribution import locate_faults
from gradcheck.diagnosis.finding import Finding
from gradcheck.diagnosis.findings import findings_of
from gradcheck.diagnosis.mistakes import BY_SLUG
from gradcheck.probes.evaluator import Evaluator
from gradcheck.recording.explain import UNEXPLAINED, WITHOUT_NAME, Explanation
from gradcheck.reports.data import LineReport
from gradcheck.scripts.analysis import Analysis
from gradcheck.scripts.graph.stale_reads import StaleRead
from gradcheck.scripts.record.lines import RecordedLines
from gradcheck.verdicts.result import CheckResult
from gradcheck.verdicts.verdict import Verdict

#: Factors of lines that differ by less than this, relatively, are one.
_ONE_FACTOR = 1e-6


def findings_in(
    analysis: Analysis,
    lines: RecordedLines | None,
    evaluator: Evaluator,
    found: CheckResult,
    rtol: float,
    rng: np.random.Generator,
) -> tuple[tuple[Finding, ...], tuple[LineReport, ...]]:
    """One finding for each wrong line that a recording shows; of other parameters what their own diagnosis finds.

    Parameters
    ----------
    analysis : Analysis
    lines : RecordedLines or None
        None if the recorder could not follow the step.
    evaluator : Evaluator
    found : CheckResult
    rtol : float
    rng : numpy.random.Generator
    """
    if found.verdict is not Verdict.FAIL:
        return findings_of(found) if found.observations else (), _reports(lines, ())
    failed = {b.block.name for b in found.blocks if b.verdict is Verdict.FAIL}
    stale = [read for read in analysis.stale if failed & set(read.names)]
    findings = [read.finding() for read in stale]
    left = failed - {name for read in analysis.stale for name in read.names}
    names = [p.name for p in analysis.parameters]
    guard = lines.guard() if left == failed and lines is not None else None
    if guard is not None:
        return (guard,), _reports(lines, ())
    explanations = lines.explanations(analysis.counts(), rng) if left and lines is not None else []
    diagnosed = {}
    for each in explanations:
        if each.code == UNEXPLAINED:
            own = {names[i] for i in each.blocks} & left
            diagnosed[each] = next(iter(_diagnosed(evaluator, found, own, rtol, rng)), None)
    if any(each.is_bare and (other is None or other.code in WITHOUT_NAME) for each, other in diagnosed.items()):
        explanations = []
    common = analysis.rated.common or _shared_factor(explanations, left, names)
    if common is not None and not stale and not _is_explained_by_one(explanations, left, names):
        return (_finding_of_common_factor(analysis, common),), _reports(lines, ())
    for each in explanations:
        blocks = [names[i] for i in each.blocks if names[i] in left]
        findings.append(_finding_at(each, blocks, diagnosed.get(each)))
    rest = left - {names[i] for each in explanations for i in each.blocks}
    if rest:
        findings += _diagnosed(evaluator, found, rest, rtol, rng)
    return tuple(findings), _reports(lines, explanations, analysis.stale)


def _shared_factor(explanations: Sequence[Explanation], wrong: set[str], names: Sequence[str]) -> float | None:
    """The one number that several lines are off by which make all wrong gradients wrong; None if there is none."""
    factors = [each.factor for each in explanations]
    explained = {names[i] for each in explanations for i in each.blocks}
    first = factors[0] if len(factors) > 1 else None
    if first is None or wrong != explained or explained != set(names):
        return None
    return first if all(f is not None and math.isclose(f, first, rel_tol=_ONE_FACTOR) for f in factors) else None


def _is_explained_by_one(explanations: Sequence[Explanation], wrong: set[str], names: Sequence[str]) -> bool:
    """Whether one line alone makes all wrong gradients wrong."""
    return len(explanations) == 1 and wrong <= {names[i] for i in explanations[0].blocks}


def _reports(
    lines: RecordedLines | None, explanations: Sequence[Explanation], stale: Sequence[StaleRead] = ()
) -> tuple[LineReport, ...]:
    """Each line that computes derivatives, and the wrong ones, in the order of the source."""
    reports = [] if lines is None else lines.reports(explanations)
    return tuple(sorted([*reports, *(read.report() for read in stale)], key=lambda line: (line.file, line.line)))


def _diagnosed(
    evaluator: Evaluator, found: CheckResult, names: set[str], rtol: float, rng: np.random.Generator
) -> list[Finding]:
    """What the diagnosis of some failing blocks finds."""
    blocks = tuple(b if b.block.name in names else replace(b, verdict=Verdict.PASS) for b in found.blocks)
    chosen = replace(found, blocks=blocks, observations=())
    return list(findings_of(chosen, locate_faults(evaluator, chosen, rtol, rng)))


def _finding_at(explanation: Explanation, names: Sequence[str], named: Finding | None) -> Finding:
    """The finding for a wrong line; the name of the mistake is that of its gradients where the line shows none."""
    unit = explanation.unit
    code, slug, message, evidence = explanation.code, explanation.slug, explanation.message, explanation.evidence
    fix = explanation.fix or f"Derive {explanation.target} again from what the forward pass computes."
    if named is not None and named.code != UNEXPLAINED:
        code, slug = named.code, named.slug
        message, evidence = f"{message.rpartition(': ')[0]}: {named.message}", f"{named.evidence}\n{evidence}"
        fix = explanation.fix or named.fix
    return Finding(
        code,
        slug,
        explanation.target,
        f"line {unit.line}: {message}",
        f"{evidence}; gradients that are wrong because of it: {', '.join(names)}",
        fix,
        unit.file,
        unit.line,
        blocks=tuple(names),
        replacement=explanation.replacement,
    )


# -- messages ----------------------------------------------------------------------------------------------------------


def _points(analysis: Analysis) -> str:
    return "the program's own parameters" + (" and at random ones" if len(analysis.bases) > 1 else "")


def _finding_of_common_factor(analysis: Analysis, factor: float) -> Finding:
    """The finding for gradients that are all one multiple of the right ones, which no single line explains."""
    mistake, names = BY_SLUG["constant-factor" if factor != -1 else "sign-flipped"], _names(analysis)
    return Finding(
        mistake.code,
        mistake.slug,
        ", ".join(names),
        common_factor(analysis, factor),
        f"compared with the numerical derivative at {_points(analysis)}; no single line explains it",
        f"If it is not intended, look for the factor {_short(factor)} between {analysis.loss.label} and the lines that "
        "begin the backward pass; or give the number that the program minimises with --loss EXPR.",
        blocks=tuple(names),
    )


def common_factor(analysis: Analysis, factor: float) -> str:
    """The sentence on gradients that are all one multiple of those of the loss."""
    loss = f"{analysis.loss.label} (line {analysis.loss.location.line})"
    if factor == -1:
        return f"each gradient is -1 times that of {loss}: fine if the program is meant to maximise it"
    if factor < 0:
        return f"each gradient is {_short(factor)} times that of {loss}: the step then goes the other way"
    return (
        f"each gradient is {_short(factor)} times that of {loss}: fine if intended; each step is then {_short(factor)} "
        "times as long"
    )


def _short(factor: float) -> str:
    return f"{factor:.6g}"


def _names(analysis: Analysis) -> list[str]:
    return [p.name for p in analysis.parameters]
