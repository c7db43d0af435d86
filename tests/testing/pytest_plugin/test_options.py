"""Marker, options and ini settings, and which takes precedence."""

from __future__ import annotations

import itertools
import threading

import pytest

import gradcheck
from tests.testing.pytest_plugin.conftest import Run

#: Returns the options that a check used.
USED = """

def used(**options):
    report = gradcheck.check_gradients(loss, right, POINT, **options)
    return report.rtol, report.seed
"""

ORDER = """
@pytest.mark.gradcheck(rtol=2e-3, seed=2)
def test_call(): assert used(rtol=1e-3, rng=1) == (1e-3, 1)

@pytest.mark.gradcheck(rtol=2e-3, seed=2)
def test_block():
    with gradcheck.defaults(rtol=5e-3):
        assert used() == (5e-3, 2)

@pytest.mark.gradcheck(rtol=2e-3, rng=2)
def test_marker(): assert used() == (2e-3, 2)

@pytest.mark.gradcheck(rtol=2e-3)
class TestClass:
    @pytest.mark.gradcheck(seed=6)
    def test_both(self): assert used() == (2e-3, 6)

    @pytest.mark.gradcheck(rtol=7e-3)
    def test_nearest(self): assert used() == (7e-3, 3)

def test_option(): assert used() == (4e-3, 3)
"""


def test_call_then_block_then_marker_then_option_then_ini(pytester: pytest.Pytester, run: Run) -> None:
    result = run(USED + ORDER, "--gradcheck-seed=3", "-o", "gradcheck_seed=4", "-o", "gradcheck_rtol=4e-3")
    result.assert_outcomes(passed=6)


def test_defaults_are_restored_after_a_session(run: Run) -> None:
    """Without options, the defaults of a check are used."""
    result = run(USED + "def test_one(): assert used()[0] == 5e-5\n")
    result.assert_outcomes(passed=1)
    run("@pytest.mark.gradcheck(seed=1)\ndef test_one(): pass\n", "--gradcheck-rtol=0.5").assert_outcomes(passed=1)
    assert gradcheck.check_gradients(lambda x: x * x, lambda x: 2 * x, 1.0).rtol == 5e-5


def test_budget_of_a_marker_is_kept_to(run: Run) -> None:
    result = run(
        "@pytest.mark.gradcheck(budget=20)\ndef test_marked():\n"
        "    report = gradcheck.check_gradients(loss, doubled, POINT)\n"
        "    assert report.evaluations <= 20\n"
        "    assert report.verdict.value == 'undecided'\n"
        "    assert 'larger budget' in str(report)\n"
        "def test_free(): assert gradcheck.check_gradients(loss, doubled, POINT).evaluations > 20\n"
    )
    result.assert_outcomes(passed=2)


def test_defaults_hold_in_threads_of_a_test(run: Run) -> None:
    result = run(
        "from concurrent.futures import ThreadPoolExecutor\n"
        + USED
        + "@pytest.mark.gradcheck(seed=8)\ndef test_one():\n"
        "    with ThreadPoolExecutor() as pool: assert pool.submit(used).result() == (5e-5, 8)\n"
        "    assert gradcheck.assert_gradients(noisy, right, POINT)\n"
    )
    assert "Other checks" not in result.stdout.str()
    result.stdout.re_match_lines([r"checks +2 +1 pass, 1 undecided; in 1 test"])


WRONG_MARKERS = {
    "rtl=3": "takes rtol=, budget= and seed= .*, not 'rtl'",
    "1e-3": "takes rtol=, budget= and seed= .*, not 0.001",
    "seed=1, rng=2": "not both seed and rng",
    "rtol=3": "rtol is 3: a relative tolerance lies between 0 and 1",
    "seed=1.5": "the seed is 1.5: pass a whole number",
    "budget=3": "budget is 3: a check needs at least 20",
}


@pytest.mark.parametrize(("arguments", "message"), WRONG_MARKERS.items(), ids=WRONG_MARKERS.keys())
def test_a_wrong_marker_is_refused(run: Run, arguments: str, message: str) -> None:
    result = run(f"@pytest.mark.gradcheck({arguments})\ndef test_one(): pass\ndef test_two(): pass\n")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.re_match_lines([f"ERROR: test_user.py::test_one: the marker gradcheck.*{message}.*"])


def test_a_wrong_marker_is_refused_in_a_worker(run: Run) -> None:
    result = run("@pytest.mark.gradcheck(rtl=3)\ndef test_one(): pass\ndef test_two(): pass\n", "-n", "1", apart=True)
    result.assert_outcomes(passed=1, errors=1)
    assert "the marker gradcheck takes rtol=, budget= and seed= (or rng=), not 'rtl'" in result.stdout.str()


WRONG_OPTIONS = {
    "--gradcheck-seed=-1": "--gradcheck-seed: the seed is -1",
    "--gradcheck-seed=many": "--gradcheck-seed: 'many' is not a whole number",
    "--gradcheck-rtol=3": "--gradcheck-rtol: rtol is 3.0",
    "--gradcheck-budget=1e3": "--gradcheck-budget: '1e3' is not a whole number",
    "--override-ini=gradcheck_budget=7": "gradcheck_budget: budget is 7",
    "--gradcheck-report=all.pdf": "'all.pdf' must end in .html, .json, .sarif, .txt or .xml, which choose the format",
    "--override-ini=gradcheck_report=all": "gradcheck_report: 'all' must end in",
    "--gradcheck-report=losses.py/all.json": "cannot be written",
}


@pytest.mark.parametrize(("option", "message"), WRONG_OPTIONS.items(), ids=WRONG_OPTIONS.keys())
def test_option_that_cannot_be_used(run: Run, option: str, message: str) -> None:
    result = run("def test_one(): pass\n", option)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert message in result.stderr.str()
    assert "Traceback" not in result.stderr.str()


def test_marker_is_registered_and_options_are_in_the_help(run: Run) -> None:
    result = run("", "--markers")
    result.stdout.fnmatch_lines(["@pytest.mark.gradcheck(rtol=None, budget=None, seed=None): *"])
    shown = run("", "--help").stdout.str()
    for name, form in itertools.product(("report", "seed", "rtol", "budget"), ("--gradcheck-{}", "gradcheck_{}")):
        assert form.format(name) in shown


def test_defaults_of_a_thread_are_its_own() -> None:
    met = threading.Barrier(2, timeout=30)
    seeds: dict[int, int] = {}

    def check(seed: int) -> None:
        with gradcheck.defaults(rng=seed):
            met.wait()
            seeds[seed] = gradcheck.check_gradients(lambda x: x * x, lambda x: 2 * x, 1.0).seed
            met.wait()

    threads = [threading.Thread(target=check, args=(seed,)) for seed in (101, 202)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seeds == {101: 101, 202: 202}
