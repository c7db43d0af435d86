"""The report as JSON. Its schema is published as `docs/report.schema.json`."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import Any

from gradcheck._version import __version__
from gradcheck.diagnosis.finding import Finding
from gradcheck.reports.data import BlockReport, LineReport, ReportData
from gradcheck.reports.outcome import Outcome
from gradcheck.verdicts.entry import Entry


def json_of(report: ReportData) -> str:
    """Write the report as an indented JSON object."""
    return json.dumps(plain(report), indent=2, allow_nan=False, ensure_ascii=False)


def json_of_outcome(outcome: Outcome) -> str:
    """Write the outcome of one target as an indented JSON object."""
    return json.dumps(plain_outcome(outcome), indent=2, allow_nan=False, ensure_ascii=False)


def json_of_outcomes(outcomes: Sequence[Outcome]) -> str:
    """Write the outcomes of several targets as an object with the list ``targets``."""
    return json.dumps({"targets": list(map(plain_outcome, outcomes))}, indent=2, allow_nan=False, ensure_ascii=False)


def plain_outcome(outcome: Outcome) -> dict[str, Any]:
    """Turn an outcome into dicts, lists, strings and finite numbers: a report, or why there is none."""
    if (report := outcome.named) is not None:
        return plain(report)
    return {
        "version": __version__,
        "target": outcome.target,
        "verdict": outcome.verdict,
        "error": outcome.error,
        "seed": None,
        "evaluations": 0,
        "seconds": outcome.seconds,
        "blocks": [],
        "findings": [],
        "lines": [],
    }


def plain(report: ReportData) -> dict[str, Any]:
    """Turn the report into dicts, lists, strings and finite numbers; NaN and infinities become strings."""
    return {
        "version": report.version,
        "target": report.target,
        "verdict": report.verdict.value,
        "method": report.method,
        "kind": report.kind,
        "seed": report.seed,
        "rtol": report.rtol,
        "loss": number(report.loss),
        "noise": number(report.noise),
        "evaluations": report.evaluations,
        "gradients": report.gradients,
        "seconds": report.seconds,
        "blocks": [_block(block) for block in report.blocks.values()],
        "findings": [finding_of(finding) for finding in report.findings],
        "lines": [_line(line) for line in report.lines],
        "notes": list(report.notes),
    }


def _line(line: LineReport) -> dict[str, Any]:
    return {
        "file": line.file,
        "line": line.line,
        "target": line.target,
        "of": line.of,
        "verdict": line.verdict.value,
        "factor": number(line.factor),
        "text": line.text,
    }


def _block(block: BlockReport) -> dict[str, Any]:
    return {
        "name": block.name,
        "shape": list(block.shape),
        "dtype": block.dtype,
        "verdict": block.verdict.value,
        "claimed_norm": number(block.claimed_norm),
        "numeric_norm": number(block.numeric_norm),
        "relative_error": number(block.relative_error),
        "error_bar": number(block.error_bar),
        "resolution": number(block.resolution),
        "block_resolution": number(block.block_resolution),
        "worst": _entry(block.worst) if block.worst else None,
        "entries": [_entry(entry) for entry in block.entries],
        "where": block.where,
        "note": block.note,
    }


def _entry(entry: Entry) -> dict[str, Any]:
    return {
        "index": list(entry.index),
        "claimed": number(entry.claimed),
        "numeric": number(entry.numeric),
        "error": number(entry.error),
        "wrong": entry.wrong,
    }


def finding_of(finding: Finding) -> dict[str, Any]:
    """Turn a finding into a dict of strings, with the number of its line."""
    return {
        "code": finding.code,
        "slug": finding.slug,
        "where": finding.where,
        "file": finding.file,
        "line": finding.line,
        "message": finding.message,
        "evidence": finding.evidence,
        "fix": finding.fix,
    }


def number(value: float | None) -> float | str | None:
    """Turn a number into one that JSON can hold: NaN and infinities become strings."""
    if value is None or math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
