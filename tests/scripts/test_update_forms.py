"""Updates in many forms, with rates under many names and in many expressions."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from gradcheck.verdicts.verdict import Verdict
from tests.scripts.planted import blamed, checked, planted
from tests.scripts.update_forms import EXPRESSIONS, FORMS, MISTAKES, NAMES, Form

#: Drawn once, so that every run tests the same pairs.
_DRAW = random.Random(0)
RATES = [_DRAW.choice(NAMES) for _ in FORMS]
WRONG = [_DRAW.choice(sorted(MISTAKES)) for _ in FORMS]


def test_there_are_at_least_33_forms_and_40_names() -> None:
    assert len({form.name for form in FORMS}) >= 33
    assert len(set(NAMES)) >= 40


@pytest.mark.parametrize(("form", "rate"), list(zip(FORMS, RATES, strict=True)), ids=[form.name for form in FORMS])
def test_a_form_of_an_update_is_not_a_mistake(form: Form, rate: str, tmp_path: Path) -> None:
    report = checked(tmp_path, form.program(rate))
    assert report.verdict is Verdict.PASS, str(report)
    assert not blamed(report)
    assert len(report.blocks) == (1 if form.name == "one vector" else 2)


@pytest.mark.parametrize(
    ("form", "right"), list(zip(FORMS[::3], WRONG[::3], strict=True)), ids=[f.name for f in FORMS[::3]]
)
def test_a_form_of_an_update_hides_no_mistake(form: Form, right: str, tmp_path: Path) -> None:
    text, line = planted(form.program("tau"), right, MISTAKES[right])
    report = checked(tmp_path, text)
    assert report.verdict is Verdict.FAIL, str(report)
    assert blamed(report) == {line}, str(report)


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_an_expression_for_a_rate(expression: str, tmp_path: Path) -> None:
    rate = expression.format(r="q")
    report = checked(tmp_path, FORMS[1].program("q", expression=rate))
    assert report.verdict is Verdict.PASS, str(report)
    text, line = planted(FORMS[0].program("q", expression=rate), "db = dz.sum()", "db = 3.0 * dz.sum()")
    report = checked(tmp_path, text)
    assert report.verdict is Verdict.FAIL, str(report)
    assert blamed(report) == {line}, str(report)
