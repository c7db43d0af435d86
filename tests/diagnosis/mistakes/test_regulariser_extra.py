"""GC403 is named for a penalty in the gradient alone."""

from __future__ import annotations

from typing import Any

import pytest

from tests.diagnosis.mistakes.cases import absolute, fourth_power, no_penalty, penalised, slugs, squares

SLUG = "regulariser-extra"

WRONG = {
    "squares": lambda: penalised(no_penalty, squares(0.3)),
    "absolute values": lambda: penalised(no_penalty, absolute(0.3)),
    "too much of it": lambda: penalised(squares(0.1), squares(0.3)),
}

NEAR_MISSES = {
    "in both": lambda: penalised(absolute(0.3), absolute(0.3)),
    "in the loss alone": lambda: penalised(squares(0.3), no_penalty),
    "another power": lambda: penalised(no_penalty, fourth_power),
    "strength zero": lambda: penalised(no_penalty, squares(0.0)),
}


@pytest.mark.parametrize("check", WRONG.values(), ids=WRONG)
def test_it_is_named(check: Any) -> None:
    report = check()
    assert report.verdict.value == "fail"
    assert slugs(report)[0] == SLUG


@pytest.mark.parametrize("check", NEAR_MISSES.values(), ids=NEAR_MISSES)
def test_a_near_miss_is_not_named(check: Any) -> None:
    assert SLUG not in slugs(check())


def test_the_strength_is_shown() -> None:
    (finding,) = penalised(no_penalty, squares(0.3)).findings
    assert (finding.where, finding.slug) == ("w", SLUG)
    assert "λ w with λ = 0.3" in finding.message
