"""Checks in fixtures of a wider scope: every test that uses one shows them, in any order, and they count once."""

from __future__ import annotations

import itertools
import xml.etree.ElementTree as ElementTree

import pytest

from tests.testing.pytest_plugin.conftest import Run

SHARED = """
import unittest


@pytest.fixture(scope="{scope}"{more})
def report():
    return gradcheck.check_gradients(loss, doubled, POINT, rng=5)


@pytest.fixture(scope="{scope}")
def outer(report):
    return report


class TestIt:
    def test_first(self, {name}):
        assert {name}.blocks

    def test_second(self, {name}):
        assert {name}

    def test_third(self, request):
        assert request.getfixturevalue("{name}")

    def test_other(self):
        assert 0
"""

TESTS = tuple(f"test_user.py::TestIt::test_{name}" for name in ("first", "second", "third"))


def sections(result: pytest.RunResult) -> dict[str, bool]:
    """For each test that failed, whether its section shows the check."""
    parts = result.stdout.str().split("TestIt.")[1:]
    return {part.split()[0]: "FAIL  loss" in part and "--gradcheck-seed 5" in part for part in parts}


def properties() -> dict[str, dict[str, str]]:
    cases = ElementTree.parse("junit.xml").iter("testcase")
    return {
        case.attrib["name"]: {
            each.attrib["name"]: each.attrib["value"]
            for each in case.iter("property")
            if each.attrib["name"] != "gradcheck_seconds"
        }
        for case in cases
    }


@pytest.mark.parametrize("scope", ["class", "module", "package", "session"])
@pytest.mark.parametrize("name", ["report", "outer"])
def test_every_test_that_fails_on_it_shows_it(run: Run, scope: str, name: str) -> None:
    result = run(SHARED.format(scope=scope, name=name, more=""), "--junitxml=junit.xml")
    result.assert_outcomes(passed=1, failed=3)
    assert sections(result) == {"test_second": True, "test_third": True, "test_other": False}
    found = properties()
    assert found["test_first"] == found["test_second"] == found["test_third"]
    assert found["test_first"]["gradcheck_seed"] == "5"
    assert found["test_first"]["gradcheck_findings"] == "GC102 constant-factor"
    assert found["test_other"] == {}
    result.stdout.re_match_lines([r"checks +1  1 fail; in 1 test$"])


def test_the_order_changes_nothing(run: Run) -> None:
    body = SHARED.format(scope="module", name="report", more="")
    shown = []
    for order in itertools.permutations(TESTS):
        result = run(body, "--junitxml=junit.xml", *order)
        shown.append((sections(result), properties()))
    assert all(each == shown[0] for each in shown)


def test_a_fixture_that_raises_shows_it_in_every_test(run: Run) -> None:
    body = SHARED.replace("return gradcheck.check", "assert gradcheck.check")
    result = run(body.format(scope="module", name="outer", more=""), "--junitxml=junit.xml")
    assert sections(result) == {"test_first": True, "test_second": True, "test_third": True, "test_other": False}


def test_parametrised_fixtures_are_apart(run: Run) -> None:
    body = """
@pytest.fixture(scope="module", params=[right, doubled], ids=["right", "doubled"])
def report(request):
    return gradcheck.check_gradients(loss, request.param, POINT, rng=5)

def test_one(report):
    assert not report

def test_two(report):
    assert report
"""
    shown = run(body).stdout.str()
    first, second = shown.split("_ test_")[1:3]
    assert "All checks of this test passed" in first
    assert "FAIL  loss" in second


def test_classes_of_unittest_and_setup_methods(run: Run) -> None:
    body = """
import unittest

class TestUnit(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.report = gradcheck.check_gradients(loss, doubled, POINT, rng=5)

    def test_one(self):
        assert self.report.blocks

    def test_two(self):
        assert self.report

class TestPlain:
    @classmethod
    def setup_class(cls):
        cls.report = gradcheck.check_gradients(loss, doubled, POINT, rng=6)

    def test_one(self):
        assert self.report.blocks

    def test_two(self):
        assert self.report
"""
    shown = run(body).stdout.str()
    assert "--gradcheck-seed 5" in shown.partition("TestUnit.test_two")[2].partition("TestPlain.test_two")[0]
    assert "--gradcheck-seed 6" in shown.partition("TestPlain.test_two")[2]
