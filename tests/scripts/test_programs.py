"""The corpus of programs: right ones pass, wrong ones fail, and the wrong line is found."""

from __future__ import annotations

from pathlib import Path

import pytest

from gradcheck.reports.report import Report
from gradcheck.scripts.program import check_program
from gradcheck.verdicts.verdict import Verdict
from tests.scripts.programs import FOLDER, NAMES, Variant, variants

ALL = [variant for name in NAMES for variant in variants(name)]


def checked(folder: Path, name: str, text: str) -> Report:
    path = folder / f"{name}.py"
    path.write_text(text, encoding="utf-8")
    return check_program(path, rng=0)


def test_the_corpus_has_forty_programs_with_three_wrong_variants_each() -> None:
    assert len(NAMES) >= 40
    assert all(len(variants(name)) >= 3 for name in NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_right_program_passes_without_a_faulty_line(name: str, tmp_path: Path) -> None:
    report = checked(tmp_path, name, (FOLDER / f"{name}.py").read_text(encoding="utf-8"))
    assert report.verdict is Verdict.PASS
    assert report.lines
    assert not [line for line in report.lines if line.verdict is Verdict.FAIL]
    assert not report.findings
    assert report.evaluations <= 100


@pytest.mark.parametrize("variant", ALL, ids=str)
def test_a_wrong_program_fails_at_the_wrong_line(variant: Variant, tmp_path: Path) -> None:
    report = checked(tmp_path, variant.name, variant.text)
    assert report.verdict is Verdict.FAIL
    assert report.findings
    assert report.findings[0].line == variant.line
    assert [line.line for line in report.lines if line.verdict is Verdict.FAIL] == [variant.line]


def test_the_two_programs_of_the_post(tmp_path: Path) -> None:
    question = (FOLDER / "xor_columns.py").read_text(encoding="utf-8")
    assert checked(tmp_path, "question", question).verdict is Verdict.PASS
    (answer,) = [v for v in variants("xor_rmsprop") if "extra-activation-derivative" in v.mistakes]
    report = checked(tmp_path, "answer", answer.text)
    assert [finding.slug for finding in report.findings] == ["extra-activation-derivative"]
    assert report.findings[0].line == answer.line
    assert {name: block.verdict.value for name, block in report.blocks.items()} == dict.fromkeys(
        ("w1", "b1", "w2", "b2"), "fail"
    )
