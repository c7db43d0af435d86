"""What other tools show of a failure: its place in the user's file, and a message with the mistake and the seed."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from tests.testing.pytest_plugin.conftest import Run

#: Writes what an annotation is made of.
ANNOTATIONS = """
def pytest_runtest_logreport(report):
    if report.failed:
        crash = getattr(report.longrepr, "reprcrash", None)
        print("\\nANNOTATION", *report.location[:2], crash and crash.path, crash and crash.lineno)
"""

CONTRACT = """
from gradcheck.testing import LayerContract


class Third:
    def forward(self, x):
        return 2 * x

    def backward(self, upstream):
        return 3 * upstream


class TestThird(LayerContract):
    max_size = 2

    def layer(self, shape):
        return Third()


class Raises(Third):
    def backward(self, upstream):
        raise KeyError("mine")


class TestRaises(LayerContract):
    def layer(self, shape):
        return Raises()
"""


def line_of(pytester: pytest.Pytester, text: str) -> int:
    lines = (pytester.path / "test_user.py").read_text().splitlines()
    return next(number for number, line in enumerate(lines, 1) if text in line)


@pytest.mark.parametrize("statement", ["assert gradcheck.check_gradients(", "gradcheck.assert_gradients("])
def test_the_summary_shows_code_place_and_seed(pytester: pytest.Pytester, run: Run, statement: str) -> None:
    result = run(f"\ndef test_it():\n    {statement}loss, doubled, POINT, rng=7)\n", "-rf", "--junitxml=j.xml")
    shown = "fail: loss in W: GC102 constant-factor (rng=7)"
    (line,) = [line for line in result.outlines if line.startswith("FAILED")]
    assert line.startswith("FAILED test_user.py::test_it - ")
    failure = ElementTree.parse(pytester.path / "j.xml").find(".//failure")
    assert failure is not None
    assert shown in failure.attrib["message"]
    assert result.stdout.str().count("‖claimed‖  ‖numeric‖") == 1


def test_a_promise_of_the_contract_fails_in_the_file_of_the_user(pytester: pytest.Pytester, run: Run) -> None:
    pytester.makeconftest(ANNOTATIONS)
    result = run(CONTRACT, "-s", "-k", "test_gradient_by_the_input", "--junitxml=j.xml")
    place = line_of(pytester, "class TestThird")
    path = Path(pytester.path / "test_user.py")
    result.stdout.fnmatch_lines([f"ANNOTATION test_user.py {place - 1} {path} {place}"])
    raised = line_of(pytester, 'raise KeyError("mine")')
    result.stdout.fnmatch_lines(
        [f"ANNOTATION test_user.py {line_of(pytester, 'class TestRaises') - 1} {path} {raised}"]
    )
    shown = result.stdout.str()
    assert "entries are hidden" not in shown
    assert "contract.py" not in shown
    assert shown.count("‖claimed‖  ‖numeric‖") == 1
    message = "TestThird: the gradient that backward returns is wrong: x: GC102 constant-factor (rng=0)"
    assert shown.count(message) == 1
    case = ElementTree.parse(pytester.path / "j.xml").find(".//failure[@message]")
    assert case is not None
    assert message in case.attrib["message"]


def test_a_doctest_shows_a_report_once(pytester: pytest.Pytester, run: Run) -> None:
    pytester.makepyfile(
        documented='"""\n>>> import gradcheck\n>>> from losses import *\n'
        '>>> gradcheck.assert_gradients(loss, doubled, POINT, rng=0)\n"""\n'
    )
    shown = run("", "--doctest-modules", "documented.py").stdout.str()
    assert shown.count("‖claimed‖  ‖numeric‖") == 1
    assert "gradcheck.GradientMismatch: fail: loss in W: GC102 constant-factor (rng=0)" in shown


def test_properties_name_the_part(pytester: pytest.Pytester, run: Run) -> None:
    body = """
import numpy as np
from gradcheck import nn

class Half(nn.Tanh):
    def backward(self, upstream):
        return super().backward(upstream) / 2

def test_it():
    network = nn.Network([nn.Dense(2, 2, rng=0), Half()], nn.MeanSquaredError())
    gradcheck.assert_gradients(network, batch=(np.eye(3)[:, :2] + 0.1, np.ones((3, 2))), rng=0)
"""
    run(body, "--junitxml=j.xml")
    found = {each.attrib["name"]: each.attrib["value"] for each in ElementTree.parse("j.xml").iter("property")}
    assert found["gradcheck_where"] == "layers.1 (Half), with respect to its input"
    assert found["gradcheck_blocks"] == "layers.0.W, layers.0.b"
    failure = ElementTree.parse("j.xml").find(".//failure")
    assert failure is not None
    assert f"in {found['gradcheck_where']}: GC102 constant-factor" in failure.attrib["message"]
