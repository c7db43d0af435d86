"""The code quality report of GitLab."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema

from gradcheck.reports.gitlab import fingerprint, gitlab_of
from tests.reports.outcomes import all_kinds, failing, passing, program

HERE = Path.cwd()

#: The properties that GitLab reads.
SCHEMA = {
    "type": "array",
    "items": {
        "type": "object",
        "required": ["description", "check_name", "fingerprint", "severity", "location"],
        "properties": {
            "description": {"type": "string", "minLength": 1},
            "check_name": {"type": "string"},
            "fingerprint": {"type": "string", "minLength": 32},
            "severity": {"enum": ["info", "minor", "major", "critical", "blocker"]},
            "location": {
                "type": "object",
                "required": ["path", "lines"],
                "properties": {
                    "path": {"type": "string", "not": {"pattern": "^[./]"}},
                    "lines": {"required": ["begin"], "properties": {"begin": {"type": "integer", "minimum": 1}}},
                },
            },
        },
    },
}


def test_the_report_has_what_gitlab_reads() -> None:
    found = json.loads(gitlab_of(all_kinds(), HERE))
    jsonschema.validate(found, SCHEMA)
    assert [each["severity"] for each in found] == ["critical", "minor", "critical", "critical"]
    assert json.loads(gitlab_of([passing()], HERE)) == []


def test_fingerprints_differ_between_problems_and_not_between_runs() -> None:
    first, second = (json.loads(gitlab_of([program(), program()], HERE)) for _ in range(2))
    assert first == second
    assert len({each["fingerprint"] for each in first}) == 2
    (one,), (two,) = (json.loads(gitlab_of([failing(factor=f)], HERE)) for f in (1.5, 1.25))
    assert one["fingerprint"] == two["fingerprint"] == fingerprint("wrong.py", "GC102", 1)
