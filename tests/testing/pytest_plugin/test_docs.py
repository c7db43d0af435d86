"""The page on test suites shows what happens."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.testing.pytest_plugin.conftest import Run

PAGE = (Path(__file__).parents[3] / "docs" / "testing.md").read_text(encoding="utf-8")


def blocks(kind: str) -> list[str]:
    return re.findall(rf"^```{kind}\n(.*?)^```$", PAGE, flags=re.DOTALL | re.MULTILINE)


def shape(text: str) -> list[str]:
    """The words of a text, with the numbers that differ from run to run left out."""
    return re.sub(r"[-+]?\d+(\.\d+)?(e[-+]\d+)?", "#", text).split()


MODEL, TEST = blocks("python")[:2]
(SECTION,) = [block for block in blocks("text") if "def test_gradient" in block]


@pytest.mark.parametrize("statement", ["assert gradcheck.check_gradients(", "gradcheck.assert_gradients("])
def test_section_is_the_one_that_is_shown(pytester: pytest.Pytester, run: Run, statement: str) -> None:
    pytester.makepyfile(model=MODEL)
    result = run(TEST.replace("assert gradcheck.check_gradients(", statement), "--tb=short", "--gradcheck-seed=0")
    shown = result.stdout.str().partition("- gradcheck -")[2].partition("= gradcheck =")[0]
    expected = SECTION.partition("- gradcheck -")[2].partition("= gradcheck =")[0]
    assert shape(shown.replace("test_user.py", "test_model.py")) == shape(expected)


def test_mistake_of_the_page_is_fixed_as_it_says(pytester: pytest.Pytester, run: Run) -> None:
    pytester.makepyfile(model=MODEL.replace("np.mean(delta)", "np.sum(delta)"))
    run(TEST).assert_outcomes(passed=1)


def test_options_and_properties_are_those_of_the_plugin(pytester: pytest.Pytester, run: Run) -> None:
    pytester.makepyfile(model=MODEL)
    run(TEST, "--junitxml=junit.xml")
    written = (pytester.path / "junit.xml").read_text(encoding="utf-8")
    named = set(re.findall(r"`(gradcheck_\w+)`", PAGE))
    options = {"gradcheck_seed", "gradcheck_rtol", "gradcheck_budget", "gradcheck_report"}
    assert named >= options
    for name in named - options | {"gradcheck_seed"}:
        assert f'name="{name}"' in written
    shown = run("", "--help").stdout.str()
    for option in set(re.findall(r"--gradcheck-\w+", PAGE)):
        assert option in shown
