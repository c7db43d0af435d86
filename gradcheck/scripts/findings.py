"""The findings on a program: one for each faulty line, with the corrected line if a search finds it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from gradcheck.diagnosis.attribution import locate_faults
from gradcheck.diagnosis.finding import Finding
from gradcheck.diagnosis.findings import findings_of
from gradcheck.diagnosis.mistakes import BY_SLUG
from gradcheck.probes.evaluator import Evaluator
from gradcheck.recording.explain import UNEXPLAINED as UNEXPLAINED_CODE
from gradcheck.recording.explain import WITHOUT_NAME
from gradcheck.recording.explain import Explanation as LineExplanation
from gradcheck.reports.data import LineReport
from gradcheck.scripts.blame.analysis import Analysis
from gradcheck.scripts.blame.faulty_line import FaultyLine
from gradcheck.scripts.blame.lines import line_reports, stale_report
from gradcheck.scripts.blame.localisation import Localisation
from gradcheck.scripts.explain.naming import UNEXPLAINED, Explanation, counts_of, explain
from gradcheck.scripts.graph.nodes import Node
from gradcheck.scripts.record.lines import RecordedLines
from gradcheck.scripts.repair.search import Patch, patch_any_line, patch_line
from gradcheck.verdicts.result import CheckResult
from gradcheck.verdicts.verdict import Verdict

#: Mistakes that say which path of the chain rule is missing.
_PATHS = ("statistics-held-constant", "truncated-bptt")

#: Explanations that a mistake on another line can imitate.
_WEAK = (UNEXPLAINED, "missing-path", *_PATHS)

_UNKNOWN = "no known mistake explains this"


@dataclass(frozen=True)
class LocatedFindings:
    """Findings, strongest first, and the faulty lines that they are about."""

    findings: tuple[Finding, ...]
    lines: tuple[FaultyLine, ...] = ()


def findings_in(
    analysis: Analysis,
    located: RecordedLines | Localisation,
    evaluator: Evaluator,
    found: CheckResult,
    rtol: float,
    rng: np.random.Generator,
) -> tuple[tuple[Finding, ...], tuple[LineReport, ...]]:
    """The findings and the lines: of a recording or, where the program could not be recorded, of replays."""
    if isinstance(located, RecordedLines):
        return _findings_of_recording(analysis, located, evaluator, found, rtol, rng)
    measured = _findings_of_replays(analysis, located, evaluator, found, rtol, rng)
    return measured.findings, tuple(line_reports(located.pairing, measured.lines, analysis.stale))


def _findings_of_replays(
    analysis: Analysis,
    localisation: Localisation,
    evaluator: Evaluator,
    found: CheckResult,
    rtol: float,
    rng: np.random.Generator,
) -> LocatedFindings:
    """One finding for each faulty line; of parameters that no line explains, what their own diagnosis finds.

    If no edit of the first faulty line makes the gradients right, but one of another line does, the fault is there.
    """
    if found.verdict is not Verdict.FAIL:
        return LocatedFindings(findings_of(found) if found.observations else ())
    failed = {b.block.name for b in found.blocks if b.verdict is Verdict.FAIL}
    stale = [read for read in analysis.stale if failed & set(read.names)]
    findings = [read.finding() for read in stale]
    stale_names = {name for read in analysis.stale for name in read.names}
    explained = set(stale_names)
    lines = list(localisation.lines)
    if len(lines) > 1 and analysis.rated.common is not None and not stale_names:
        return LocatedFindings((_finding_of_common_factor(analysis, analysis.rated.common),))
    waiting = list(lines)
    if analysis.step.carries_over and not stale_names:  # values of the iteration before may be what is wrong
        names = [p.name for p in analysis.parameters if p.name in failed]
        patch = patch_any_line(analysis, localisation, names) if waiting else None
        lines, waiting = ([_moved(lines[0], patch)], []) if patch is not None else ([], [])
        if patch is not None:
            explained |= set(names)
            findings.append(_finding_of_patch(analysis, patch, names))
    elif len(waiting) > 1 and not stale_names:
        names = [p.name for p in analysis.parameters if p.name in failed]
        patch = patch_any_line(analysis, localisation, names)
        if patch is not None:
            lines, waiting = [_moved(lines[0], patch)], []
            explained |= set(names)
            findings.append(_finding_of_patch(analysis, patch, names))
    while waiting:
        line = waiting.pop(0)
        names = _made_wrong(analysis, line.executions, failed - stale_names)
        if not names:
            continue
        explained |= set(names)
        explanation = explain(analysis, localisation, line, rtol, rng)
        lines = [explanation.line if other is line else other for other in lines]
        own = patch_line(analysis, line, names) if not findings else None
        other = None
        if own is None and explanation.slug in _WEAK and not findings:
            other = patch_any_line(analysis, localisation, names, line)
        if other is None:
            findings.append(_finding(analysis, explanation, names, own))
        else:
            waiting = [w for w in waiting if set(_made_wrong(analysis, w.executions, failed)) - set(names)]
            lines = [_moved(line, other), *waiting]
            findings.append(_finding_of_patch(analysis, other, names, explanation.slug))
    rest = failed - explained
    if rest:
        findings += _findings_of_blocks(analysis, localisation, evaluator, found, rest, rtol, rng)
    return LocatedFindings(tuple(findings), tuple(lines))


def _findings_of_recording(
    analysis: Analysis,
    lines: RecordedLines,
    evaluator: Evaluator,
    found: CheckResult,
    rtol: float,
    rng: np.random.Generator,
) -> tuple[tuple[Finding, ...], tuple[LineReport, ...]]:
    """One finding for each wrong line that a recording shows; of other parameters what their own diagnosis finds."""
    if found.verdict is not Verdict.FAIL:
        return findings_of(found) if found.observations else (), tuple(lines.reports(()))
    failed = {b.block.name for b in found.blocks if b.verdict is Verdict.FAIL}
    stale = [read for read in analysis.stale if failed & set(read.names)]
    findings = [read.finding() for read in stale]
    left = failed - {name for read in analysis.stale for name in read.names}
    names = [p.name for p in analysis.parameters]
    explanations = lines.explanations(counts_of(analysis), rng) if left else []
    diagnosed = {}
    for each in explanations:
        if each.code == UNEXPLAINED_CODE:
            own = {names[i] for i in each.blocks} & left
            diagnosed[each] = next(iter(_diagnosed(evaluator, found, own, rtol, rng)), None)
    if any(each.is_bare and (other is None or other.code in WITHOUT_NAME) for each, other in diagnosed.items()):
        explanations = []
    common = analysis.rated.common
    if not explanations and not stale and common is not None:
        return (_finding_of_common_factor(analysis, common),), tuple(lines.reports(()))
    if not explanations and not stale:
        measured = _findings_by_replays(analysis, lines, evaluator, found, rtol, rng)
        if measured is not None:
            return measured
    for each in explanations:
        blocks = [names[i] for i in each.blocks if names[i] in left]
        findings.append(_finding_at(each, blocks, diagnosed.get(each)))
    rest = left - {names[i] for each in explanations for i in each.blocks}
    if rest:
        findings += _diagnosed(evaluator, found, rest, rtol, rng)
    reports = [*lines.reports(explanations), *map(stale_report, analysis.stale)]
    return tuple(findings), tuple(sorted(reports, key=lambda line: (line.file, line.line)))


def _findings_by_replays(
    analysis: Analysis,
    lines: RecordedLines,
    evaluator: Evaluator,
    found: CheckResult,
    rtol: float,
    rng: np.random.Generator,
) -> tuple[tuple[Finding, ...], tuple[LineReport, ...]] | None:
    """The findings on one line that replays show, where the recording names none and has nothing against it."""
    localisation = analysis.localise()
    measured = _findings_of_replays(analysis, localisation, evaluator, found, rtol, rng)
    reports = line_reports(localisation.pairing, measured.lines, analysis.stale)
    accused = [line for line in reports if line.verdict is Verdict.FAIL]
    explained = any(each.code != UNEXPLAINED_CODE or each.replacement for each in measured.findings[:1])
    if len(accused) != 1 or not explained or not lines.may_be_first(accused[0]):
        return None
    rest = [line for line in lines.reports(()) if (line.file, line.line) != (accused[0].file, accused[0].line)]
    return measured.findings, tuple(sorted([*rest, accused[0]], key=lambda line: (line.file, line.line)))


def _diagnosed(
    evaluator: Evaluator, found: CheckResult, names: set[str], rtol: float, rng: np.random.Generator
) -> list[Finding]:
    """What the diagnosis of some failing blocks finds."""
    blocks = tuple(b if b.block.name in names else replace(b, verdict=Verdict.PASS) for b in found.blocks)
    chosen = replace(found, blocks=blocks, observations=())
    return list(findings_of(chosen, locate_faults(evaluator, chosen, rtol, rng)))


def _finding_at(explanation: LineExplanation, names: Sequence[str], named: Finding | None) -> Finding:
    """The finding for a wrong line; the name of the mistake is that of its gradients where the line shows none."""
    unit = explanation.unit
    code, slug, message, evidence = explanation.code, explanation.slug, explanation.message, explanation.evidence
    fix = explanation.fix or f"Derive {explanation.target} again from what the forward pass computes."
    if named is not None and named.code != UNEXPLAINED_CODE:
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


def _made_wrong(analysis: Analysis, nodes: Sequence[Node], wrong: set[str]) -> list[str]:
    """The wrong gradients that are made of some values."""
    below = analysis.graph.descendants([node.index for node in nodes])
    return [p.name for p in analysis.parameters if p.claim.index in below and p.name in wrong]


def _moved(line: FaultyLine, patch: Patch) -> FaultyLine:
    """The line that a patch was found for, in place of the one that was located."""
    return replace(line, node=patch.node, executions=(patch.node,), used_at=patch.location)


def _findings_of_blocks(
    analysis: Analysis,
    localisation: Localisation,
    evaluator: Evaluator,
    found: CheckResult,
    names: set[str],
    rtol: float,
    rng: np.random.Generator,
) -> list[Finding]:
    """What the diagnosis of some failing blocks finds, with the line of their gradient if that line is wrong."""
    blocks = tuple(b if b.block.name in names else replace(b, verdict=Verdict.PASS) for b in found.blocks)
    chosen = replace(found, blocks=blocks)
    findings = findings_of(chosen, locate_faults(evaluator, chosen, rtol, rng))
    if analysis.step.carries_over:
        return list(findings)
    return [_at_gradient(finding, analysis, localisation) for finding in findings]


def _at_gradient(finding: Finding, analysis: Analysis, localisation: Localisation) -> Finding:
    """A finding with the line of its block's claimed gradient, if that line fails."""
    location = next((p.claim.location for p in analysis.parameters if p.name in finding.blocks), None)
    if location is None or not localisation.fails_at(location):
        return finding
    return replace(finding, file=location.file, line=location.line)


# -- messages ----------------------------------------------------------------------------------------------------------


def _points(analysis: Analysis) -> str:
    return "the program's own parameters" + (" and at random ones" if len(analysis.bases) > 1 else "")


def _fix(patch: Patch, names: Sequence[str]) -> str:
    return f"Write: {patch.text}\nWith it, the gradient with respect to {', '.join(names)} is right."


def _finding(analysis: Analysis, explanation: Explanation, names: Sequence[str], patch: Patch | None) -> Finding:
    """The finding for a faulty line, with the corrected line if a patch was found."""
    line, slug, what = explanation.line, explanation.slug, explanation.message
    if patch is not None and slug == UNEXPLAINED and patch.slug in BY_SLUG:
        slug = patch.slug
        what = "; ".join(filter(None, (what, BY_SLUG[slug].description)))
    mistake, location, target, by = BY_SLUG.get(slug), line.location, line.node.label, line.pair.variable.label
    role = "the derivative" if line.node is line.pair.node else "the right contribution to the derivative"
    evidence = explanation.evidence or f"compared with the chain rule at {_points(analysis)}"
    fix = mistake.fix if mistake else f"Derive {target} again from what the forward pass computes from {by}."
    return Finding(
        mistake.code if mistake else UNEXPLAINED_CODE,
        slug,
        target,
        f"line {location.line}: {location.text or target} is not {role} with respect to {by}: {what or _UNKNOWN}",
        f"{evidence}; gradients that are wrong because of it: {', '.join(names)}",
        fix if patch is None else _fix(patch, names),
        location.file,
        location.line,
        blocks=tuple(names),
        replacement="" if patch is None else patch.text,
    )


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


def _finding_of_patch(analysis: Analysis, patch: Patch, names: Sequence[str], located: str = UNEXPLAINED) -> Finding:
    """The finding for a line that a patch shows to be faulty; `located` is the mistake of the line located before."""
    slug = located if patch.slug == "missing-path" and located in _PATHS else patch.slug
    node, location, mistake = patch.node, patch.location, BY_SLUG.get(slug)
    text = location.text or node.label
    return Finding(
        mistake.code if mistake else UNEXPLAINED_CODE,
        mistake.slug if mistake else UNEXPLAINED,
        node.label,
        f"line {location.line}: {text} makes the gradient with respect to {', '.join(names)} wrong: "
        + (mistake.description if mistake else _UNKNOWN),
        f"with the corrected line these gradients are right and the loss is the same, at {_points(analysis)}",
        _fix(patch, names),
        location.file,
        location.line,
        blocks=tuple(names),
        replacement=patch.text,
    )
