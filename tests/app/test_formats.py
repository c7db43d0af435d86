"""Formats of the command line: which text a format gives, and where paths are relative to."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gradcheck.app.formats import FORMATS, Presentation, formatted, github_annotations, kind_of
from gradcheck.app.terminal import Appearance
from tests.reports.outcomes import all_kinds, broken, failing, passing, program

PLAIN = Appearance(None, colour=False)


def written(form: str, outcomes: list[object], *, several: bool = True, only_wrong: bool = False) -> str:
    return formatted(outcomes, Presentation(form, several, only_wrong, PLAIN))  # type: ignore[arg-type]


@pytest.mark.parametrize("form", FORMATS)
def test_every_format_names_what_failed_and_leaves_out_what_passes_if_asked(form: str) -> None:
    text = written(form, [*all_kinds()], only_wrong=True)
    assert "GC102" in text or "constant-factor" in text
    assert "right.py" not in text
    assert kind_of(form) in ("plain", "json", "markup")


def test_json_of_one_target_is_an_object_and_of_several_a_list() -> None:
    assert json.loads(written("json", [passing()], several=False))["verdict"] == "pass"
    assert json.loads(written("json", [passing()], several=False, only_wrong=True))["verdict"] == "pass"
    found = json.loads(written("json", [passing(), broken()]))
    assert [each["target"] for each in found["targets"]] == ["right.py:make", "broken.py"]
    assert json.loads(written("json", [passing()], only_wrong=True)) == {"targets": []}


def test_text_of_one_target() -> None:
    assert written("text", [failing()], several=False).startswith("FAIL")
    assert written("text", [passing()], several=False, only_wrong=True) == "pass: right.py:make"
    assert written("text", [broken()], several=False) == ""


def test_paths_are_relative_to_the_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "hw").mkdir()
    monkeypatch.chdir(tmp_path / "hw")
    monkeypatch.delenv("CI_PROJECT_DIR", raising=False)
    monkeypatch.setenv("GITHUB_WORKSPACE", str(tmp_path))
    assert "file=hw/student.py," in github_annotations([program()])
    monkeypatch.setenv("GITHUB_WORKSPACE", "/elsewhere")
    assert "file=student.py," in github_annotations([program()])
