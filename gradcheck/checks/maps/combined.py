"""Several reports as one: the derivatives of one problem."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

from gradcheck.reports.data import BlockReport
from gradcheck.reports.report import Report
from gradcheck.verdicts.maps.result import worst_of


def combined(parts: Sequence[tuple[Report, Mapping[str, BlockReport], str]], target: str, kind: str) -> Report:
    """One report of several.

    Parameters
    ----------
    parts : sequence of (Report, mapping of str to BlockReport, str)
        Each with its blocks under the names that they shall have, and with what is put before names in its findings.
    target, kind : str
    """
    first = parts[0][0]
    blocks = {name: replace(block, name=name) for _, some, _ in parts for name, block in some.items()}
    findings = tuple(
        replace(
            finding,
            where=f"{prefix}{finding.where}",
            blocks=tuple(f"{prefix}{name}" for name in finding.blocks),
        )
        for report, _, prefix in parts
        for finding in report.findings
    )
    notes = [
        f"{prefix.rstrip(' :')}: {note}" if prefix else note for report, _, prefix in parts for note in report.notes
    ]
    return replace(
        first,
        target=target,
        verdict=worst_of([report.verdict for report, _, _ in parts]),
        loss=math.nan,
        noise=math.nan,
        evaluations=sum(report.evaluations for report, _, _ in parts),
        gradients=sum(report.gradients for report, _, _ in parts),
        seconds=sum(report.seconds for report, _, _ in parts),
        blocks=blocks,
        findings=findings,
        notes=tuple(dict.fromkeys(notes)),
        kind=kind,
    )
