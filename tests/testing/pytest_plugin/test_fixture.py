"""The fixture `gradcheck`, and one subtest a block."""

from __future__ import annotations

import importlib.util

import pytest

from tests.testing.pytest_plugin.conftest import Run

SUBTESTS = pytest.version_tuple >= (9,) or importlib.util.find_spec("pytest_subtests") is not None


def test_fixture_has_the_functions_and_the_rest_of_the_module(run: Run) -> None:
    result = run("""
import gradcheck as module

def test_same(gradcheck):
    assert gradcheck.check(loss, right, POINT)
    assert gradcheck.check_gradients is module.check_gradients
    assert gradcheck.Verdict is module.Verdict
    assert not gradcheck.check(loss, doubled, POINT)
    assert gradcheck.assert_gradients(loss, right, POINT, rng=3).seed == 3
    with pytest.raises(gradcheck.GradientMismatch):
        gradcheck.assert_gradients(loss, doubled, POINT)
    with pytest.raises(AttributeError, match="no_such_name"):
        gradcheck.no_such_name

@pytest.fixture(scope="session")
def of_session(gradcheck):
    return gradcheck

def test_session(of_session, gradcheck):
    assert of_session is gradcheck

def test_not_subtests(gradcheck):
    with pytest.raises(gradcheck.SubjectTypeError, match="pass the fixture `subtests`"):
        gradcheck.assert_gradients(loss, right, POINT, subtests=True)
""")
    result.assert_outcomes(passed=3)


@pytest.mark.skipif(not SUBTESTS, reason="pytest 9 has subtests, and pytest-subtests before")
def test_one_subtest_a_block(run: Run) -> None:
    result = run("""
def both(p):
    return {"W": 2 * right(p)["W"], "b": -right(p)["b"]}

def test_blocks(gradcheck, subtests):
    gradcheck.assert_gradients(loss, both, {**POINT, "b": POINT["b"]}, subtests=subtests, rng=5)

def test_one_block(gradcheck, subtests):
    gradcheck.assert_gradients(loss, doubled, POINT, subtests=subtests, rng=6)
    print("goes on")

def test_right(gradcheck, subtests):
    assert gradcheck.assert_gradients(loss, right, POINT, subtests=subtests)
""")
    shown = result.stdout.str()
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert shown.count("gradcheck.GradientMismatch: ") >= 3
    assert "fail: loss in W: GC102 constant-factor (rng=5)" in shown
    assert "fail: loss in b: GC101 sign-flipped (rng=5)" in shown
    assert "fail: loss in W: GC102 constant-factor (rng=6)" in shown
    assert shown.count("- gradcheck -") == 3
    assert "All traceback entries are hidden" not in shown
    result.stdout.re_match_lines([r"checks +3 +1 pass, 2 fail; in 3 tests"])
