"""JUnit XML: a suite for each target, a case for each block."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from dataclasses import replace

import pytest

from gradcheck.reports.junit import junit_of
from gradcheck.reports.outcome import Outcome
from tests.reports.outcomes import all_kinds, broken, failing, passing, program, undecided

#: Attributes of each element in the schema that most services have in common.
ALLOWED = {
    "testsuites": {"name", "tests", "failures", "errors", "time"},
    "testsuite": {"name", "tests", "failures", "errors", "skipped", "time"},
    "testcase": {"classname", "name", "time"},
    "failure": {"type", "message"},
    "error": {"type", "message"},
}


def test_elements_attributes_and_counts() -> None:
    root = ET.fromstring(junit_of(all_kinds()).encode())
    assert all(set(element.attrib) <= ALLOWED[element.tag] for element in root.iter())
    for suite in root:
        assert int(suite.attrib["tests"]) == len(suite.findall("testcase"))
        assert int(suite.attrib["failures"]) == len(suite.findall("testcase/failure"))
        assert int(suite.attrib["errors"]) == len(suite.findall("testcase/error"))
    assert root.attrib["tests"] == "5"
    assert (root.attrib["failures"], root.attrib["errors"]) == ("2", "2")


def test_wrong_is_a_failure_and_undecided_an_error() -> None:
    cases = [ET.fromstring(junit_of([each])).find("testsuite/testcase") for each in (passing(), failing(), undecided())]
    kinds = [[child.tag for child in case] if case is not None else None for case in cases]
    assert kinds == [[], ["failure"], ["error"]]


def test_the_finding_is_the_message_and_the_report_the_text() -> None:
    found = ET.fromstring(junit_of([program()])).find(".//failure")
    assert found is not None
    assert found.attrib == {"type": "GC102 constant-factor", "message": "dx: line 4: dx is 1.5 times the derivative"}
    assert (found.text or "").startswith("FAIL  student.py")


@pytest.mark.parametrize("outcome", [failing(), undecided()], ids=["wrong", "undecided"])
def test_the_text_says_what_to_type_to_repeat_it(outcome: Outcome) -> None:
    for rerun, shown in (("--seed {}", "reproduce with --seed 1"), ("rng={}", "reproduce with rng=1")):
        text = "".join(ET.fromstring(junit_of([outcome], rerun)).itertext())
        assert shown in " ".join(text.split())


def test_control_characters_do_not_break_the_xml() -> None:
    outcome = replace(broken("a\x1b\ud800\ufffe<b>.py"), error="\x00 & <x>")
    assert ET.fromstring(junit_of([outcome]).encode()).find(".//error") is not None
