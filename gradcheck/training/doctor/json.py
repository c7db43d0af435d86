"""The doctor's report as JSON."""

from __future__ import annotations

import json
from typing import Any

from gradcheck.reports.json import finding_of, number, plain
from gradcheck.training.doctor.data import DoctorData, TrialReport


def json_of(report: DoctorData) -> str:
    """The report as an indented JSON object. NaN and infinities are strings."""
    return json.dumps(plain_doctor(report), indent=2, allow_nan=False, ensure_ascii=False)


def plain_doctor(report: DoctorData) -> dict[str, Any]:
    """The report as dicts, lists, strings and finite numbers."""
    return {
        "version": report.version,
        "target": report.target,
        "verdict": report.verdict.value,
        "regimen": report.regimen,
        "step": number(report.step),
        "planned": report.planned,
        "walked": report.walked,
        "began": number(report.began),
        "ended": number(report.ended),
        "findings": [finding_of(finding) for finding in report.findings],
        "trials": [_trial(trial) for trial in report.trials],
        "notes": list(report.notes),
        "seed": report.seed,
        "evaluations": report.evaluations,
        "gradients": report.gradients,
        "seconds": report.seconds,
        "gradient": plain(report.gradient),
    }


def _trial(trial: TrialReport) -> dict[str, Any]:
    return {
        "name": trial.name,
        "median": number(trial.median),
        "lowest": number(trial.lowest),
        "highest": number(trial.highest),
        "seeds": trial.seeds,
        "steps": trial.steps,
    }
