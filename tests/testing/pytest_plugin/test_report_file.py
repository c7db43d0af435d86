"""The file of ``--gradcheck-report``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

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
        "import pathlib\ndef test_one(): pathlib.Path('reports/all.json').mkdir()\n",
        "--gradcheck-report=reports/all.json",
    )
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert "all.json could not be written: Is a directory" in result.stdout.str()
