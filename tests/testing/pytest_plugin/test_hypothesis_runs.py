"""Tests under Hypothesis: the section shows the report of the smallest failing example."""

from __future__ import annotations

import json

import pytest

from tests.testing.pytest_plugin.conftest import Run

PARALLEL = pytest.mark.parametrize("options", [(), ("-n", "2")], ids=["one process", "workers"])

#: Wrong from four entries on, in the fourth entry alone: the smallest failing example has four.
FUZZED = """
import numpy as np
from hypothesis import Phase, given, settings, strategies as st

quick = settings(database=None, derandomize=True, max_examples=20, phases=(Phase.generate, Phase.shrink))


def cube(x):
    return float(np.sum(x**3))


def slip(x):
    return 3 * x**2 * np.where(np.arange(x.size) == 3, 2.0, 1.0)


def exact(x):
    return 3 * x**2


@quick
@given(st.integers(1, 20))
def test_raised(size):
    gradcheck.assert_gradients(cube, slip, np.linspace(1, 2, size))


class TestClass:
    @pytest.mark.parametrize("factor", [1.0])
    @quick
    @given(size=st.integers(1, 20))
    def test_plain(self, factor, size):
        assert gradcheck.check_gradients(cube, slip, factor * np.linspace(1, 2, size))


@quick
@given(st.integers(1, 20))
def test_right(size):
    assert gradcheck.check_gradients(cube, exact, np.linspace(1, 2, size))


@quick
@given(st.integers(1, 20))
def test_two_mistakes(size):
    if size > 10:
        assert gradcheck.check_gradients(cube, lambda x: -3 * x**2, np.linspace(1, 2, size)), "many"
    gradcheck.assert_gradients(cube, slip, np.linspace(1, 2, size))
"""


@PARALLEL
def test_report_is_that_of_the_smallest_example(pytester: pytest.Pytester, run: Run, options: tuple[str, ...]) -> None:
    result = run(FUZZED, "--gradcheck-report=all.json", *options, apart=bool(options))
    result.assert_outcomes(passed=1, failed=3)
    found: dict[str, list[dict[str, object]]] = {}
    for check in json.loads((pytester.path / "all.json").read_text(encoding="utf-8"))["checks"]:
        found.setdefault(check["test"].rpartition("::")[2], []).append(check["report"])
    for name in ("test_raised", "test_plain[1.0]"):
        (report,) = found[name]
        assert report["verdict"] == "fail"
        assert report["blocks"][0]["shape"] == [4]  # type: ignore[index]
    (last,) = found["test_right"]
    assert last["verdict"] == "pass"

    text = result.stdout.str()
    assert text.count("- gradcheck -") == 3
    assert text.count("x      4   ") >= 2, "the table of the block with four entries"
    assert text.count("x[3]: 1 of 4 entries are wrong.  GC505 isolated-entries") >= 2
    single = text.partition(" test_two_mistakes ")[0]  # groups of exceptions are shown as Python shows them
    for file in ("hypothesis_runs.py:", "hooks.py", "checks/gradients.py:"):
        assert file not in single


def test_every_example_is_counted(run: Run) -> None:
    result = run(FUZZED, "-k", "test_right")
    result.stdout.re_match_lines([r"checks +20 +20 pass; in 1 test"])


def test_the_function_is_left_as_it_was(run: Run) -> None:
    """Hypothesis stores its examples by the function, so it must be the same with and without the plugin."""
    result = run(
        FUZZED + "\n\nINNER = test_right.hypothesis.inner_test\n\n"
        "def test_later():\n    assert test_right.hypothesis.inner_test is INNER\n",
        "-k",
        "right or later",
    )
    result.assert_outcomes(passed=2)


def test_asynchronous_examples(pytester: pytest.Pytester, run: Run) -> None:
    """Runners of asynchronous tests wrap the same function, and require a coroutine function."""
    pytester.makeconftest("""
import asyncio, inspect, pytest

@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem):
    handle = pyfuncitem.obj.hypothesis
    inner = handle.inner_test
    assert inspect.iscoroutinefunction(inner)
    handle.inner_test = lambda *args, **kwargs: asyncio.run(inner(*args, **kwargs))
""")
    body = FUZZED.replace(
        "@given(st.integers(1, 20))\ndef test_raised", "@given(st.integers(1, 20))\nasync def test_raised"
    )
    result = run(body, "-k", "raised")
    result.assert_outcomes(failed=1)
    assert "x[3]: 1 of 4 entries are wrong" in result.stdout.str()


def test_the_checker_is_loaded_before_the_first_example(run: Run) -> None:
    """Hypothesis times examples, and fails those that are slower than their deadline."""
    result = run(
        "import sys\nfrom hypothesis import given, strategies as st\n\n\n"
        "@given(st.integers())\ndef test_loaded(number):\n    assert 'gradcheck.checks.gradients' in sys.modules\n",
        apart=True,
    )
    result.assert_outcomes(passed=1)


EXPLAINED = """
import numpy as np
from hypothesis import given, settings, strategies as st


def slip(x):
    if x.size > 3:
        x = 2 * x  # the line
    return 3 * x**2


@settings(database=None, derandomize=True, max_examples=20)
@given(st.integers(1, 20))
def test_local(size):
    gradcheck.assert_gradients(lambda x: float(np.sum(x**3)), slip, np.linspace(1, 2, size))


@settings(database=None, derandomize=True, max_examples=20)
@given(st.integers(1, 20))
def test_ours(size):
    gradcheck.assert_gradients(lambda x: float(np.sum(x**3)), lambda x: 3 * (1 + (size > 3)) * x**2, np.ones(size))
"""


def test_lines_that_explain_are_those_of_the_user(pytester: pytest.Pytester, run: Run) -> None:
    text = run(EXPLAINED).stdout.str()
    local, ours = text.partition("_ test_ours _")[::2]
    assert "size=4" in local
    assert "size=4" in ours
    assert "gradcheck/verdicts/decision.py" not in ours
    assert "Explanation" not in ours
    lines = (pytester.path / "test_user.py").read_text(encoding="utf-8").splitlines()
    (number,) = [number for number, line in enumerate(lines, 1) if "# the line" in line]
    assert "gradcheck/" not in local.partition("Explanation:")[2].partition(" gradcheck -")[0]
    if "Explanation:" in local:
        assert f"test_user.py:{number}\n" in local
