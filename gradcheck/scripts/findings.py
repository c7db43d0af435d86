"""What is wrong with a program: a finding for each line to blame, with the line as it should read if that is found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from gradcheck.diagnosis.attribution import locate_faults
from gradcheck.diagnosis.finding import Finding
from gradcheck.diagnosis.findings import findings_of
from gradcheck.diagnosis.mistakes import BY_SLUG
from gradcheck.probes.evaluator import Evaluator
from gradcheck.scripts.blame.analysis import Analysis
from gradcheck.scripts.blame.judgement import Accused, Judgement
from gradcheck.scripts.explain.naming import finding_of
from gradcheck.scripts.graph.nodes import Node
from gradcheck.scripts.repair.search import Repair, anywhere, repaired
from gradcheck.verdicts.result import CheckResult
from gradcheck.verdicts.verdict import Verdict

#: Explanations that the mistake of another line can pass for.
WEAK = ("unexplained", "missing-path", "statistics-held-constant", "truncated-bptt")

#: How a message ends where nothing is known.
UNKNOWN = "no known mistake explains how"


def findings_in(
    analysis: Analysis,
    judgement: Judgement,
    evaluator: Evaluator,
    found: CheckResult,
    rtol: float,
    rng: np.random.Generator,
) -> tuple[Finding, ...]:
    """One finding for each line to blame; of parameters that no line explains, what is known of them.

    Where no change of the first line accused makes the gradients right, and one of another line does, that is to blame.
    """
    if found.verdict is not Verdict.FAIL:
        judgement.accused = []
        return findings_of(found) if found.observations else ()
    failed = {b.block.name for b in found.blocks if b.verdict is Verdict.FAIL}
    findings = [old.finding() for old in analysis.stale if failed & set(old.names)]
    outdated = {name for old in analysis.stale for name in old.names}
    reached = set(outdated)
    waiting = list(judgement.accused)
    if len(waiting) > 1 and not outdated:
        names = [p.name for p in analysis.parameters if p.name in failed]
        single = anywhere(analysis, judgement, names)
        if single is not None:
            waiting = []
            reached |= set(names)
            findings.append(_of_repair(single, names))
            judgement.accused = [_instead(judgement.accused[0], single)]
    while waiting:
        accused = waiting.pop(0)
        names = _reached(analysis, accused.passes, failed - outdated)
        if not names:
            continue
        reached |= set(names)
        finding = finding_of(analysis, judgement, accused, names, rtol, rng)
        repair = repaired(analysis, accused, names) if not findings else None
        if repair is not None:
            finding = _with_repair(finding, repair, names)
        elif finding.slug in WEAK:
            other = anywhere(analysis, judgement, names, accused) if not findings else None
            if other is not None:
                waiting = [a for a in waiting if set(_reached(analysis, a.passes, failed)) - set(names)]
                judgement.accused = [_instead(accused, other), *waiting]
                finding = _of_repair(other, names, finding)
        findings.append(finding)
    rest = [i for i, b in enumerate(found.blocks) if b.block.name in failed - reached]
    if rest:
        chosen = replace(
            found,
            blocks=tuple(b if i in rest else replace(b, verdict=Verdict.PASS) for i, b in enumerate(found.blocks)),
        )
        for finding in findings_of(chosen, locate_faults(evaluator, chosen, rtol, rng)):
            site = next((p.claim.site for p in analysis.parameters if p.name in finding.blocks), None)
            known = site is not None and judgement.fails_at(site)
            findings.append(replace(finding, file=site.file, line=site.line) if site and known else finding)
    return tuple(findings)


def _reached(analysis: Analysis, nodes: Sequence[Node], wrong: set[str]) -> list[str]:
    """The wrong gradients that are made of some values."""
    below = analysis.flow.descendants([node.index for node in nodes])
    return [p.name for p in analysis.parameters if p.claim.index in below and p.name in wrong]


def _instead(accused: Accused, repair: Repair) -> Accused:
    """The line that a repair was found for, instead of the one that was accused."""
    return replace(accused, node=repair.node, passes=(repair.node,), used=repair.site)


def _with_repair(finding: Finding, repair: Repair, names: Sequence[str]) -> Finding:
    """A finding with the line as it should read."""
    mistake = BY_SLUG.get(repair.slug) if finding.slug == "unexplained" and repair.slug else None
    if mistake is not None:
        message = finding.message.removesuffix(UNKNOWN) + mistake.description
        finding = replace(finding, code=mistake.code, slug=mistake.slug, message=message)
    return replace(finding, fix=f"Write: {repair.text}\nWith it the gradient by {', '.join(names)} is right.")


def _of_repair(repair: Repair, names: Sequence[str], instead: Finding | None = None) -> Finding:
    """The finding for a line that is known to be wrong by what mends it, instead of another."""
    slug = repair.slug
    if instead is not None and slug == "missing-path" and instead.slug in WEAK[2:]:
        slug = instead.slug  # which path is missing is known already
    node, site, mistake = repair.node, repair.site, BY_SLUG.get(slug)
    says = mistake.description if mistake else UNKNOWN
    finding = Finding(
        mistake.code if mistake else "GC000",
        mistake.slug if mistake else "unexplained",
        node.label,
        f"line {site.line}: {site.text or node.label} makes the gradient by {', '.join(names)} wrong: {says}",
        "with the line below in its place these gradients are right and the loss is the same, at the program's own "
        "point and at one with its parameters drawn anew",
        "",
        site.file,
        site.line,
    )
    return _with_repair(finding, repair, names)
