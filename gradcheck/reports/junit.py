"""JUnit XML, which continuous integration services show as tests: a suite for each target, a case for each block."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Sequence

from gradcheck.reports.data import BlockReport, ReportData
from gradcheck.reports.outcome import ERROR, Outcome
from gradcheck.reports.problems import UNEXPLAINED
from gradcheck.reports.signs import made_visible, scalar
from gradcheck.reports.text import RERUN, text_of
from gradcheck.verdicts.verdict import Verdict


def junit_of(outcomes: Sequence[Outcome], rerun: str = RERUN) -> str:
    """Write one ``testsuites`` element.

    A wrong block is a failure. An undecided block, and a target that could not be checked, are errors: they are not
    known to be wrong, and not to be right either.
    """
    suites = [_suite(outcome, rerun) for outcome in outcomes]
    whole = ET.Element("testsuites", {"name": "gradcheck", **_counts(suites), "time": _seconds(outcomes)})
    whole.extend(suites)
    ET.indent(whole)
    return f'<?xml version="1.0" encoding="utf-8"?>\n{scalar(ET.tostring(whole, encoding="unicode"))}'


def _suite(outcome: Outcome, rerun: str) -> ET.Element:
    outcome = made_visible(outcome)
    report = outcome.named
    blocks = () if report is None else report.blocks.values()
    cases = [_broken(outcome)] if report is None else [_case(outcome, report, block, rerun) for block in blocks]
    counts = {
        "tests": len(cases),
        "failures": sum(case.find("failure") is not None for case in cases),
        "errors": sum(case.find("error") is not None for case in cases),
        "skipped": 0,
    }
    suite = ET.Element("testsuite", {"name": outcome.target, **{name: str(count) for name, count in counts.items()}})
    suite.set("time", _seconds([outcome]))
    suite.extend(cases)
    return suite


def _broken(outcome: Outcome) -> ET.Element:
    case = ET.Element("testcase", classname=outcome.target, name="check", time=_seconds([outcome]))
    ET.SubElement(case, "error", type=ERROR, message=outcome.summary).text = outcome.error
    return case


def _case(outcome: Outcome, report: ReportData, block: BlockReport, rerun: str) -> ET.Element:
    """The case of a block, with the whole report on it if it does not pass."""
    time = _seconds([outcome]) if block.name == next(iter(report.blocks)) else "0.000"
    case = ET.Element("testcase", classname=outcome.target, name=block.name, time=time)
    if block.verdict is Verdict.PASS:
        return case
    findings = [finding for finding in report.findings if block.name in finding.blocks]
    if block.verdict is Verdict.FAIL:
        codes = ", ".join(f"{each.code} {each.slug}" for each in findings) or " ".join(UNEXPLAINED)
        message = "; ".join(f"{each.where}: {each.message}" for each in findings) or str(block)
        found = ET.SubElement(case, "failure", type=codes, message=message)
    else:
        found = ET.SubElement(case, "error", type="undecided", message=block.note or str(block))
    first = next((b for b in report.blocks.values() if b.verdict is block.verdict), None)
    name = first.name if first else "the first block"
    found.text = text_of(report, rerun=rerun) if first is block else f"See {name}."
    return case


def _counts(suites: Sequence[ET.Element]) -> dict[str, str]:
    return {name: str(sum(int(suite.get(name, "0")) for suite in suites)) for name in ("tests", "failures", "errors")}


def _seconds(outcomes: Sequence[Outcome]) -> str:
    return f"{sum(outcome.seconds for outcome in outcomes):.3f}"
