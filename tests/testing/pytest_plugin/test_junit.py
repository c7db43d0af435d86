"""Properties of test cases in a JUnit file."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree

import pytest

from tests.testing.pytest_plugin.conftest import Run

CASES = """
import numpy as np


def test_right():
    assert gradcheck.check_gradients(loss, right, POINT, rng=21)


def test_wrong():
    assert gradcheck.check_gradients(loss, right, POINT, rng=21)
    assert gradcheck.check_gradients(loss, doubled, POINT, rng=22)


def test_undecided():
    assert gradcheck.check_gradients(noisy, right, POINT, rng=23)


def test_nothing(request):
    request.node.user_properties.append(("own", 1))
"""


@pytest.mark.parametrize("options", [(), ("-n", "2", "-p", "no:hypothesispytest")], ids=["one process", "workers"])
def test_properties(pytester: pytest.Pytester, run: Run, options: tuple[str, ...]) -> None:
    run(CASES, "--junitxml=junit.xml", *options, apart=bool(options))
    found = {
        case.attrib["name"]: {each.attrib["name"]: each.attrib["value"] for each in case.iter("property")}
        for case in ElementTree.parse(pytester.path / "junit.xml").iter("testcase")
    }
    right, wrong, undecided = found["test_right"], found["test_wrong"], found["test_undecided"]
    assert right["gradcheck_verdict"] == "pass"
    assert right["gradcheck_seed"] == "21"
    assert right["gradcheck_checks"] == "1"
    assert 15 <= int(right["gradcheck_evaluations"]) <= 40
    assert 0 < float(right["gradcheck_resolution"]) < 1e-3
    assert float(right["gradcheck_seconds"]) > 0
    assert "gradcheck_findings" not in right
    assert "gradcheck_blocks" not in right

    assert wrong["gradcheck_verdict"] == "fail"
    assert wrong["gradcheck_seed"] == "22"
    assert wrong["gradcheck_checks"] == "2"
    assert wrong["gradcheck_blocks"] == "W"
    assert wrong["gradcheck_findings"] == "GC102 constant-factor"

    assert undecided["gradcheck_verdict"] == "undecided"
    assert undecided["gradcheck_blocks"] == "W, b"
    assert "gradcheck_resolution" not in undecided
    assert found["test_nothing"] == {"own": "1"}
