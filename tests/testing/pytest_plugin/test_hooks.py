"""What a session shows of checks that pass, fail, are undecided, or raise an error."""

from __future__ import annotations

import re
import sys

import pytest

from tests.testing.pytest_plugin.conftest import HEAD, Run

PARALLEL = pytest.mark.parametrize(
    "options", [(), ("-n", "2", "-p", "no:hypothesispytest")], ids=["one process", "workers"]
)

OUTCOMES = """
import unittest


def test_passes():
    assert gradcheck.check_gradients(loss, right, POINT)


def test_plain_assert():
    assert gradcheck.check_gradients(loss, doubled, POINT, rng=11)


def test_assert_gradients():
    gradcheck.assert_gradients(loss, doubled, POINT, rng=12)


def test_undecided():
    assert gradcheck.check_gradients(noisy, right, POINT, rng=13)


def test_cannot_be_checked():
    gradcheck.assert_gradients(lambda p: float("nan"), right, POINT)


def test_users_own_error():
    def broken(p):
        raise ZeroDivisionError("of the user")

    gradcheck.assert_gradients(broken, right, POINT)


@pytest.mark.parametrize("gradient", [right, doubled])
def test_parametrised(gradient):
    assert gradcheck.check_gradients(loss, gradient, POINT, rng=14)


@pytest.fixture
def checked():
    gradcheck.assert_gradients(loss, doubled, POINT, rng=15)


def test_fixture(checked):
    pass


class TestOfUnittest(unittest.TestCase):
    def test_right(self):
        self.assertTrue(gradcheck.check_gradients(loss, right, POINT))

    def test_wrong(self):
        gradcheck.assert_gradients(loss, doubled, POINT, rng=16)


async def test_async():
    gradcheck.assert_gradients(loss, doubled, POINT, rng=17)


def test_something_else():
    assert 1 + 1 == 3
"""

#: Runs asynchronous tests.
RUNNER = """
import asyncio, inspect, pytest

@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem):
    if inspect.iscoroutinefunction(pyfuncitem.obj):
        asyncio.run(pyfuncitem.obj())
        return True
"""


def parts(result: pytest.RunResult) -> dict[str, str]:
    """The output of each failing test, by its name."""
    found: dict[str, str] = {}
    name = ""
    for line in result.outlines:
        words = line.split()
        if line.startswith("__") and line.endswith("__") and len(words) > 2:
            name = words[-2]
        elif line.startswith("=="):
            name = ""
        elif name:
            found[name] = found.get(name, "") + line + "\n"
    return found


@PARALLEL
def test_failing_tests_have_a_section_and_the_session_a_summary(
    pytester: pytest.Pytester, run: Run, options: tuple[str, ...]
) -> None:
    pytester.makeconftest(RUNNER)
    result = run(OUTCOMES, *options, apart=True)
    result.assert_outcomes(passed=3, failed=9, errors=1)
    shown = parts(result)

    wrong = {
        "test_plain_assert": 11,
        "test_assert_gradients": 12,
        "test_parametrised[doubled]": 14,
        "test_fixture": 15,
        "TestOfUnittest.test_wrong": 16,
        "test_async": 17,
    }
    for name, seed in wrong.items():
        section = shown[name].partition(" gradcheck -")[2]
        assert "FAIL  loss" in section, name
        assert "W: 2 times the right gradient" in section
        assert "GC102 constant-factor" in " ".join(section.split())
        assert f"rng={seed}" in section
        assert f'::{name.replace(".", "::")}" --gradcheck-seed {seed}' in section
        assert shown[name].count("FAIL  loss") == 1, "shown twice"
        assert all(len(line) <= 80 for line in section.splitlines() if not line.startswith("To reproduce"))

    undecided = " ".join(shown["test_undecided"].split())
    assert "UNDECIDED noisy" in undecided
    assert "Remove a large constant from the loss" in undecided

    assert "SubjectError: the loss is nan at the point given" in shown["test_cannot_be_checked"]
    assert "ZeroDivisionError: of the user" in shown["test_users_own_error"]
    for name in ("test_cannot_be_checked", "test_users_own_error", "test_something_else"):
        assert " gradcheck -" not in shown[name]
    for name, text in shown.items():
        for file in ("checks/gradients.py", "checker.py", "function.py", "hooks.py"):
            assert file not in text, name

    result.stdout.re_match_lines(
        [
            r"=+ gradcheck =+",
            r"checks +10 +3 pass, 6 fail, 1 undecided; in 10 tests",
            r"evaluations +\d+ +of the loss, in .* s",
            r"slowest +\S+ s +(loss|noisy), test_user.py::.*",
            r"worst resolution +\d\.\de-05 +[Wb] of loss, test_user.py::.*",
        ]
    )


@PARALLEL
def test_nothing_is_shown_where_nothing_was_checked(run: Run, options: tuple[str, ...]) -> None:
    result = run("def test_one():\n    assert False\n", *options, apart=True)
    result.assert_outcomes(failed=1)
    assert "- gradcheck -" not in result.stdout.str()
    assert "= gradcheck =" not in result.stdout.str()


def test_without_the_plugin_the_message_holds_the_report(run: Run) -> None:
    result = run(OUTCOMES.replace("async def", "def"), "-p", "no:gradcheck")
    result.assert_outcomes(passed=3, failed=9, errors=1)
    shown = parts(result)
    assert "gradcheck.GradientMismatch: FAIL  loss" in shown["test_assert_gradients"]
    assert "W: 2 times the right gradient" in shown["test_assert_gradients"]
    assert "raise GradientMismatch" not in shown["test_assert_gradients"]
    assert " gradcheck -" not in result.stdout.str()
    assert "worst resolution" not in result.stdout.str()


FAILING = """
def test_one():
    gradcheck.assert_gradients(loss, doubled, POINT)

def test_two():
    gradcheck.assert_gradients(loss, doubled, POINT)
"""


@pytest.mark.parametrize(
    ("options", "failed", "sections", "reports"),
    [
        (("-x",), 1, 1, 1),
        (("--maxfail=2",), 2, 2, 2),
        (("-q", "--tb=short"), 2, 2, 2),
        (("--tb=no",), 0, 0, 0),
        (("--show-capture=no",), 2, 0, 2),
        (("-qq",), 2, 2, 2),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else str(value),
)
def test_flags_of_pytest(run: Run, options: tuple[str, ...], failed: int, sections: int, reports: int) -> None:
    """Where sections are not shown, the message is the report."""
    result = run(FAILING, *options)
    text = result.stdout.str()
    assert text.count("- gradcheck -") == sections
    assert text.count("2 times the right gradient") == reports
    assert text.count("GC102") >= failed
    assert ("worst resolution" in text) is ("-qq" not in options)
    assert result.ret == pytest.ExitCode.TESTS_FAILED


def test_tests_of_the_standard_library(pytester: pytest.Pytester, run: Run) -> None:
    """The same functions under the standard library's runner."""
    pytester.makepyfile(
        case=f"import unittest\n{HEAD}\n\nclass Case(unittest.TestCase):\n"
        "    def test_right(self):\n        gradcheck.assert_gradients(loss, right, POINT)\n"
        "    def test_wrong(self):\n        gradcheck.assert_gradients(loss, doubled, POINT, rng=3)\n"
    )
    result = pytester.run(sys.executable, "-m", "unittest", "case")
    text = result.stderr.str()
    assert "Ran 2 tests" in text
    assert "FAILED (failures=1)" in text
    assert "gradcheck.GradientMismatch: FAIL  loss" in text
    assert "rng=3" in text
    assert text.count('gradients.py"') == 1, "the line that raises it, and no other of ours"


def test_the_check_that_a_test_is_about_comes_first_and_others_get_a_line(run: Run) -> None:
    result = run(
        "def test_several():\n"
        "    assert not gradcheck.check_gradients(loss, doubled, POINT, rng=1)\n"
        "    assert gradcheck.check_gradients(loss, right, POINT, rng=2)\n"
        "    gradcheck.assert_gradients(noisy, right, POINT, rng=3)\n"
        "def test_unrelated():\n"
        "    assert not gradcheck.check_gradients(loss, right, POINT, rng=4)\n"
    )
    several, unrelated = (parts(result)[name] for name in ("test_several", "test_unrelated"))
    assert several.count("UNDECIDED  noisy") == 1
    assert "FAIL  loss" not in several
    assert "fail: loss in W: GC102 constant-factor (rng=1)" in several
    assert "pass: loss (rng=4)" in unrelated


def test_an_expected_failure_is_no_report(run: Run) -> None:
    result = run(
        "@pytest.mark.xfail(strict=True)\ndef test_one():\n    assert gradcheck.check_gradients(loss, doubled, POINT)\n"
    )
    result.assert_outcomes(xfailed=1)
    assert "- gradcheck -" not in result.stdout.str()
    result.stdout.fnmatch_lines(["checks *1 fail; in 1 test"])


def test_seed_of_a_section_repeats_it(run: Run) -> None:
    """To the last digit; only the seconds differ."""
    body = "def test_one():\n    assert gradcheck.check_gradients(loss, doubled, POINT)\n"
    first = run(body, "--tb=short").stdout.str()
    seed = first.partition("--gradcheck-seed ")[2].split()[0]
    again = run(body, "--tb=short", "--gradcheck-seed", seed).stdout.str()
    sections = [
        re.sub(r"[0-9.e-]+ s;", "s;", text.partition(" gradcheck -")[2].partition("=====")[0])
        for text in (first, again)
    ]
    assert "GC102" in sections[0]
    assert sections[0] == sections[1]


def test_a_mismatch_that_is_raised_elsewhere_keeps_its_report(run: Run) -> None:
    result = run("""
REPORT = gradcheck.check_gradients(loss, doubled, POINT, rng=9)

def test_one():
    raise gradcheck.GradientMismatch(REPORT)
""")
    assert result.stdout.str().count("FAIL  loss") == 1
    assert "rng=9" in result.stdout.str()


def test_errors_of_the_checker_itself_are_shown_with_all_frames(run: Run) -> None:
    """Frames of gradcheck are hidden only between two frames of the user."""
    result = run("""
def test_one(monkeypatch):
    import gradcheck.verdicts.checker
    monkeypatch.setattr(gradcheck.verdicts.checker._Check, "_at_the_users_point", None)
    gradcheck.check_gradients(loss, right, POINT)
""")
    assert "TypeError: 'NoneType' object is not callable" in result.stdout.str()
    assert "checker.py" in result.stdout.str()


def test_checks_in_many_threads_are_all_counted(run: Run) -> None:
    result = run("""
from concurrent.futures import ThreadPoolExecutor

def test_one():
    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(lambda seed: gradcheck.check_gradients(loss, right, POINT, rng=seed), range(40)))
""")
    result.stdout.re_match_lines([r"checks +40 +40 pass; in 1 test"])


def test_a_mismatch_is_reported_once_wherever_it_is_raised(run: Run) -> None:
    result = run(
        """
def mismatch():
    gradcheck.assert_gradients(loss, doubled, POINT, rng=2)

def test_group():
    try:
        mismatch()
    except AssertionError as error:
        raise ExceptionGroup("two", [error, ValueError("other")])

def test_cause():
    try:
        mismatch()
    except AssertionError as error:
        raise RuntimeError("around") from error

@pytest.fixture
def late():
    yield
    mismatch()

def test_teardown(late):
    pass

def test_doctest():
    '''
    >>> bool(gradcheck.check_gradients(loss, doubled, POINT, rng=2))
    True
    '''
""",
        "--doctest-modules",
    )
    result.assert_outcomes(failed=3, passed=2, errors=1)
    text = result.stdout.str()
    assert text.count("- gradcheck -") == 4
    assert text.count("FAIL  loss") == 4


def test_file_without_a_terminal(pytester: pytest.Pytester, run: Run) -> None:
    run(
        "def test_one():\n    assert gradcheck.check_gradients(loss, doubled, POINT)\n",
        "-p",
        "no:terminal",
        "--gradcheck-report=all.txt",
        apart=True,
    )
    assert "GC102" in (pytester.path / "all.txt").read_text(encoding="utf-8")
