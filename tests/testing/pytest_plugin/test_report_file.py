"""The file of ``--gradcheck-report``."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import jsonschema
import pytest

from gradcheck.reports.schema import session_schema
from tests.testing.pytest_plugin.conftest import Run

DOCS = Path(__file__).parents[3] / "docs"
WORKERS = ("-n", "2", "-p", "no:hypothesispytest")

CASES = """
def test_wrong():
    assert gradcheck.check_gradients(loss, right, POINT, rng=31)
    assert gradcheck.check_gradients(loss, doubled, POINT, rng=32)


def test_another():
    assert gradcheck.check_gradients(noisy, right, POINT, rng=33)


def test_nothing():
    pass
"""


def schema(name: str) -> Any:
    return json.loads((DOCS / name).read_text(encoding="utf-8"))


def timeless(whole: Any) -> Any:
    for check in whole["checks"]:
        del check["report"]["seconds"]
    return whole


@pytest.fixture
def path(pytester: pytest.Pytester) -> Path:
    return pytester.path / "reports" / "all.json"


def test_json_keeps_to_the_published_schemas_and_does_not_depend_on_workers(path: Path, run: Run) -> None:
    result = run(CASES, "--gradcheck-report=reports/all.json")
    result.stdout.fnmatch_lines(["-*gradcheck: reports of all checks in *all.json*-"])
    whole = json.loads(path.read_text(encoding="utf-8"))
    jsonschema.validate(whole, schema("session.schema.json"))
    for check in whole["checks"]:
        jsonschema.validate(check["report"], schema("report.schema.json"))
    assert whole["verdict"] == "fail"
    assert (whole["complete"], whole["unfinished"], whole["exit_status"]) == (True, [], 1)
    assert [(check["test"], check["report"]["verdict"], check["report"]["seed"]) for check in whole["checks"]] == [
        ("test_user.py::test_another", "undecided", 33),
        ("test_user.py::test_wrong", "pass", 31),
        ("test_user.py::test_wrong", "fail", 32),
    ]
    assert whole["checks"][2]["report"]["findings"][0]["slug"] == "constant-factor"

    run(CASES, "--gradcheck-report=reports/all.json", *WORKERS, apart=True)
    assert timeless(json.loads(path.read_text(encoding="utf-8"))) == timeless(whole)


def test_published_schema_is_up_to_date() -> None:
    assert schema("session.schema.json") == session_schema()


def test_text(pytester: pytest.Pytester, run: Run) -> None:
    run(CASES, "--gradcheck-report=all.txt")
    text = (pytester.path / "all.txt").read_text(encoding="utf-8")
    assert text.startswith("test_user.py::test_another\n==========================\nUNDECIDED  noisy")
    assert text.count("test_user.py::test_wrong\n") == 2
    assert "GC102 constant-factor" in text


def test_ini_setting_is_relative_to_the_root(pytester: pytest.Pytester, path: Path, run: Run) -> None:
    below = pytester.mkdir("below")
    run("", "-q")
    pytester.chdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(below)
        pytester.runpytest_inprocess("..", "-o", "gradcheck_report=reports/all.json")
    assert path.exists()
    assert not list(below.iterdir())


@pytest.mark.parametrize(("body", "tests"), [("", 0), ("def test_nothing(): pass\n", 1)], ids=["no test", "no check"])
def test_file_is_written_where_nothing_was_checked(path: Path, run: Run, body: str, tests: int) -> None:
    run(body, "--gradcheck-report=reports/all.json").assert_outcomes(passed=tests)
    whole = json.loads(path.read_text(encoding="utf-8"))
    jsonschema.validate(whole, schema("session.schema.json"))
    assert whole["checks"] == []
    assert whole["verdict"] is None


def test_a_file_that_cannot_be_written_fails_the_session(pytester: pytest.Pytester, path: Path, run: Run) -> None:
    """Somebody makes a directory of that name meanwhile."""
    result = run(
        "import os\ndef test_one():\n    os.remove('reports/all.json')\n    os.mkdir('reports/all.json')\n",
        "--gradcheck-report=reports/all.json",
    )
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert "all.json could not be written: Is a directory" in result.stdout.str()


# -- the formats of the command line -----------------------------------------------------------------------------------


@pytest.mark.parametrize("workers", [(), WORKERS], ids=["one process", "workers"])
def test_a_page_shows_every_check_and_loads_nothing(pytester: pytest.Pytester, run: Run, workers: Any) -> None:
    run(CASES, "--gradcheck-report=all.html", *workers, apart=bool(workers))
    page = (pytester.path / "all.html").read_text(encoding="utf-8")
    for target in ("test_another: noisy", "test_wrong: loss"):
        assert f"test_user.py::{target}" in page
    assert "3 targets: 1 fail, 1 undecided, 1 pass" in page
    assert "GC102 constant-factor" in page
    assert "--gradcheck-seed 32" in page
    assert not re.search(r"(src|href)=.?https?:", page)


@pytest.mark.parametrize("workers", [(), WORKERS], ids=["one process", "workers"])
def test_sarif_places_a_problem_in_its_file(pytester: pytest.Pytester, run: Run, workers: Any) -> None:
    run(CASES, "--gradcheck-report=all.sarif", *workers, apart=bool(workers))
    (log,) = json.loads((pytester.path / "all.sarif").read_text(encoding="utf-8"))["runs"]
    assert [(result["ruleId"], result["level"]) for result in log["results"]] == [
        ("undecided", "warning"),
        ("GC102", "error"),
    ]
    places = [result["locations"][0]["physicalLocation"] for result in log["results"]]
    source = (pytester.path / "test_user.py").read_text(encoding="utf-8").splitlines()
    assert places[0]["artifactLocation"]["uri"] == "test_user.py"
    assert "def test_another" in source[places[0]["region"]["startLine"] - 1]
    assert places[1]["artifactLocation"]["uri"].endswith("losses.py")  # the line of the mistake
    assert log["invocations"][0]["executionSuccessful"] is True


@pytest.mark.parametrize("workers", [(), WORKERS], ids=["one process", "workers"])
def test_junit_has_a_suite_for_each_check(pytester: pytest.Pytester, run: Run, workers: Any) -> None:
    run(CASES, "--gradcheck-report=all.xml", *workers, apart=bool(workers))
    root = ElementTree.parse(pytester.path / "all.xml").getroot()
    found = [(suite.get("name"), suite.get("failures"), suite.get("errors")) for suite in root]
    assert found == [
        ("test_user.py::test_another: noisy", "0", "2"),  # both blocks
        ("test_user.py::test_wrong: loss", "0", "0"),
        ("test_user.py::test_wrong: loss", "1", "0"),
    ]


@pytest.mark.parametrize("name", ["all.html", "all.sarif", "all.xml"])
def test_formats_say_that_a_session_is_not_complete(pytester: pytest.Pytester, run: Run, name: str) -> None:
    cases = STOPPED.format(what="raise KeyboardInterrupt")
    run(cases, f"--gradcheck-report={name}", apart=True)
    text = (pytester.path / name).read_text(encoding="utf-8")
    assert "NOT COMPLETE: the session was interrupted" in text
    if name == "all.sarif":
        assert json.loads(text)["runs"][0]["invocations"][0]["executionSuccessful"] is False
    if name == "all.xml":
        assert ElementTree.fromstring(text)[0].get("errors") == "1"


def test_a_page_without_jinja2_names_the_extra(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "jinja2", None)
    result = run(CASES, "--gradcheck-report=all.html")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert (
        "all.html could not be written: the HTML report needs jinja2: pip install 'gradcheck[html]'"
        in result.stderr.str()
    )


# -- sessions that are not complete ------------------------------------------------------------------------------------


def read(path: Path) -> Any:
    whole = json.loads(path.read_text(encoding="utf-8"))
    jsonschema.validate(whole, schema("session.schema.json"))
    return whole


#: A right gradient, then something that ends the session, then a wrong gradient.
STOPPED = """
import os, signal, time

def test_1():
    gradcheck.assert_gradients(loss, right, POINT)

def test_2():
    {what}

def test_3():
    gradcheck.assert_gradients(loss, doubled, POINT)
"""


@pytest.mark.parametrize(
    ("what", "options", "status", "reason"),
    [
        ("raise KeyboardInterrupt", (), 2, "the session was interrupted"),
        ("pytest.exit('enough', returncode=7)", (), 7, "the session ended with exit status 7"),
        ("assert 0", ("-x",), 1, "the session was stopped: stopping after 1 failures"),
        ("os.kill(os.getpid(), signal.SIGTERM)", (), 2, "the session was terminated (SIGTERM)"),
        ("os._exit(9)", ("-n", "1", *WORKERS[2:]), 1, "worker gw0 crashed"),
    ],
    ids=["interrupted", "exit", "stopped", "terminated", "crashed worker"],
)
def test_a_session_that_did_not_finish_says_so(
    path: Path, run: Run, what: str, options: tuple[str, ...], status: int, reason: str
) -> None:
    result = run(STOPPED.format(what=what), "--gradcheck-report=reports/all.json", *options, apart=True)
    assert result.ret == status
    whole = read(path)
    assert whole["complete"] is False
    assert whole["exit_status"] == status
    assert reason in whole["unfinished"]
    checked = [check["test"][-1] for check in whole["checks"]]
    assert checked == (["1", "3"] if "crashed" in reason else ["1"])
    assert whole["verdict"] == ("fail" if "crashed" in reason else None), "what was not tried is not known to be right"
    if status in (1, 2) and "crashed" not in reason:  # pytest prints no summary for others
        result.stdout.fnmatch_lines(["-*gradcheck: reports of the checks so far in *all.json*-"])


def test_a_session_that_dies_leaves_no_older_file(path: Path, run: Run) -> None:
    run(CASES, "--gradcheck-report=reports/all.json")
    assert read(path)["complete"]
    run(STOPPED.format(what="os._exit(9)"), "--gradcheck-report=reports/all.json", apart=True)
    whole = read(path)
    assert (whole["complete"], whole["verdict"], whole["exit_status"]) == (False, None, None)
    assert whole["unfinished"] == ["the session has not ended"]


def test_collecting_leaves_the_file_alone(path: Path, run: Run) -> None:
    run(CASES, "--gradcheck-report=reports/all.json")
    before = path.read_bytes()
    run(CASES, "--gradcheck-report=reports/all.json", "--collect-only")
    assert path.read_bytes() == before


def test_what_could_not_be_collected_is_missing(pytester: pytest.Pytester, path: Path, run: Run) -> None:
    pytester.makepyfile(test_broken="import no_such_module_at_all")
    body = "def test_1():\n    gradcheck.assert_gradients(loss, right, POINT)\n"
    run(body, "--gradcheck-report=reports/all.json", "--continue-on-collection-errors")
    whole = read(path)
    assert whole["unfinished"] == ["test_broken.py could not be collected"]
    assert whole["verdict"] is None


def test_tests_that_are_left_out_on_purpose_are_not_missing(path: Path, run: Run) -> None:
    run(CASES, "--gradcheck-report=reports/all.json", "-k", "another")
    assert read(path)["complete"]
    run(CASES, "--gradcheck-report=reports/all.json", "-k", "another", *WORKERS, apart=True)
    assert read(path)["complete"]


def test_text_of_an_unfinished_session(pytester: pytest.Pytester, run: Run) -> None:
    run(STOPPED.format(what="raise KeyboardInterrupt"), "--gradcheck-report=all.txt", apart=True)
    text = (pytester.path / "all.txt").read_text(encoding="utf-8")
    assert text.startswith(
        "NOT COMPLETE: the session was interrupted; 2 of 3 tests did not end\n\ntest_user.py::test_1"
    )
