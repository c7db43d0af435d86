"""SARIF 2.1.0: the parts of the standard that the log uses, and what it says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from gradcheck.app.explain import page
from gradcheck.reports.sarif import sarif_of
from tests.reports.outcomes import all_kinds, broken, passing, program

HERE = Path.cwd()


def closed(required: list[str], **properties: Any) -> dict[str, Any]:
    """The schema of an object that has no other properties."""
    return {"type": "object", "required": required, "additionalProperties": False, "properties": properties}


TEXT = {"type": "string", "minLength": 1}
MESSAGE = closed(["text"], text=TEXT)
ADDRESS = closed(["uri"], uri={"type": "string", "pattern": r"^[\w./%~+:-]+$"}, uriBaseId=TEXT)
REGION = closed([], startLine={"type": "integer", "minimum": 1}, startColumn={"type": "integer", "minimum": 1})
LOCATION = closed(
    [],
    physicalLocation=closed(["artifactLocation"], artifactLocation=ADDRESS, region=REGION),
    logicalLocations={"type": "array", "items": closed([], fullyQualifiedName=TEXT)},
)
LOCATIONS = {"type": "array", "items": LOCATION}
LEVEL = {"enum": ["none", "note", "warning", "error"]}
RESULT = closed(
    ["message"],
    ruleId=TEXT,
    ruleIndex={"type": "integer", "minimum": 0},
    level=LEVEL,
    message=MESSAGE,
    locations=LOCATIONS,
    partialFingerprints={"type": "object", "additionalProperties": {"type": "string"}},
)
INVOCATION = closed(
    ["executionSuccessful"],
    executionSuccessful={"type": "boolean"},
    exitCode={"type": "integer"},
    toolExecutionNotifications={
        "type": "array",
        "items": closed(["message"], level=LEVEL, message=MESSAGE, locations=LOCATIONS),
    },
)
RULE = closed(["id"], id=TEXT, name=TEXT, shortDescription=MESSAGE, help=MESSAGE)
DRIVER = closed(
    ["name"], name=TEXT, version=TEXT, semanticVersion=TEXT, rules={"type": "array", "uniqueItems": True, "items": RULE}
)
RUN = closed(
    ["tool"],
    tool=closed(["driver"], driver=DRIVER),
    columnKind={"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
    invocations={"type": "array", "items": INVOCATION},
    originalUriBaseIds={"type": "object", "additionalProperties": closed([], uri={"type": "string", "pattern": "/$"})},
    results={"type": "array", "items": RESULT},
)
#: The objects of the standard that gradcheck writes, with the properties that the standard gives them.
SCHEMA = closed(
    ["version", "runs"],
    **{"$schema": TEXT, "version": {"const": "2.1.0"}, "runs": {"type": "array", "minItems": 1, "items": RUN}},
)


def run_of(*outcomes: Any) -> dict[str, Any]:
    log = json.loads(sarif_of(outcomes, HERE))
    jsonschema.validate(log, SCHEMA)
    (run,) = log["runs"]
    found: dict[str, Any] = run
    return found


def test_the_log_keeps_to_the_standard_and_has_a_result_for_each_problem() -> None:
    run = run_of(*all_kinds())
    assert [result["level"] for result in run["results"]] == ["error", "warning", "error"]
    rules = run["tool"]["driver"]["rules"]
    assert all(rules[result["ruleIndex"]]["id"] == result["ruleId"] for result in run["results"])
    assert rules[0]["shortDescription"]["text"] == page("GC102").summary
    assert rules[0]["name"] == "ConstantFactor"


def test_targets_that_could_not_be_checked_are_notifications() -> None:
    (invocation,) = run_of(broken(), passing())["invocations"]
    assert invocation["executionSuccessful"] is False
    assert invocation["exitCode"] == 2
    (notification,) = invocation["toolExecutionNotifications"]
    assert notification["message"]["text"] == "broken.py: no such file\nsecond line"
    assert run_of(passing())["invocations"][0]["executionSuccessful"] is True


@pytest.mark.parametrize(
    ("file", "uri"), [("a/b c.py", "a/b%20c.py"), ("größe.py", "gr%C3%B6%C3%9Fe.py"), ("b\udce9.py", "b%E9.py")]
)
def test_addresses_are_relative_and_quoted(file: str, uri: str) -> None:
    (result,) = run_of(program(file))["results"]
    place = result["locations"][0]["physicalLocation"]
    assert place["artifactLocation"] == {"uri": uri, "uriBaseId": "SRCROOT"}
    assert place["region"] == {"startLine": 4, "startColumn": 5}


def test_a_file_elsewhere_has_an_absolute_address() -> None:
    (result,) = run_of(program("/elsewhere/b.py"))["results"]
    assert result["locations"][0]["physicalLocation"]["artifactLocation"] == {"uri": "file:///elsewhere/b.py"}
