"""Repairs are shown, checked again, and written without touching anything else."""

from __future__ import annotations

import codecs
from dataclasses import replace
from pathlib import Path

import pytest

from gradcheck.app.fix import fixed, shown_diff
from gradcheck.app.targets import Target
from gradcheck.reports.outcome import Outcome
from tests.reports.outcomes import SOURCE, failing, passing, program


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "student.py").write_text(SOURCE)
    monkeypatch.chdir(tmp_path)


def right(target: Target) -> Outcome:
    assert target.source is not None
    return replace(passing("student.py"), report=replace(passing().report, sources={"student.py": target.source}))  # type: ignore[type-var]


def test_the_diff_of_the_strongest_finding() -> None:
    assert "+    dx = 2 * x" in shown_diff(program())
    assert shown_diff(failing()) == shown_diff(passing()) == ""


@pytest.mark.parametrize(("mark", "end"), [(b"", "\n"), (codecs.BOM_UTF8, "\r\n")])
def test_a_repair_that_holds_is_shown_then_written(mark: bytes, end: str) -> None:
    path, shown = Path("student.py"), []
    before = mark + ("# größe\n" + SOURCE).replace("\n", end).encode()
    path.write_bytes(before)
    path.chmod(0o640)

    def show(diff: str) -> None:
        shown.append(diff)
        assert path.read_bytes() == before

    outcome = program(source="# größe\n" + SOURCE)
    report = outcome.report
    assert report is not None
    outcome = replace(outcome, report=replace(report, findings=(replace(report.findings[0], line=5),)))
    repair = fixed(Target("student.py"), outcome, right, show)
    assert repair is not None
    assert repair.written
    assert repair.outcome.passes
    assert path.read_bytes() == before.replace(b"3 * x", b"2 * x")
    assert path.stat().st_mode & 0o777 == 0o640
    assert "-    dx = 3 * x" in shown[0]
    assert [each.name for each in Path().iterdir()] == ["student.py"]


def test_a_repair_that_does_not_hold_is_not_written() -> None:
    repair = fixed(Target("student.py"), program(), lambda _: program(), lambda diff: None)
    assert repair is not None
    assert "nothing was changed" in repair.message
    assert Path("student.py").read_text() == SOURCE


def test_what_was_changed_in_the_meantime_is_not_overwritten() -> None:
    def meanwhile(diff: str) -> None:
        Path("student.py").write_text("other\n")

    repair = fixed(Target("student.py"), program(), right, meanwhile)
    assert repair is not None
    assert not repair.written
    assert Path("student.py").read_text() == "other\n"


def test_a_file_that_cannot_be_written_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*arguments: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("os.replace", refused)
    repair = fixed(Target("student.py"), program(), right, lambda diff: None)
    assert repair is not None
    assert not repair.written
    assert "Permission denied" in repair.message
    assert [each.name for each in Path().iterdir()] == ["student.py"]


@pytest.mark.parametrize("target", ["student.py:make", "module:make", "student.ipynb"])
def test_only_scripts_are_repaired(target: str) -> None:
    assert fixed(Target(target), failing(target), right, print) is None
    assert fixed(Target("student.py"), passing(), right, print) is None
