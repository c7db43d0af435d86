"""GC402 is named for a penalty in the loss alone."""

from __future__ import annotations

from typing import Any

import pytest

from tests.diagnosis.mistakes.cases import absolute, fourth_power, no_penalty, penalised, slugs, squares

SLUG = "regulariser-missing"

WRONG = {
    "squares": lambda: penalised(squares(0.3), no_penalty),
    "absolute values": lambda: penalised(absolute(0.3), no_penalty),
    "weak": lambda: penalised(squares(0.01), no_penalty),
    "part of it": lambda: penalised(squares(0.3), squares(0.1)),
}

NEAR_MISSES = {
    "in both": lambda: penalised(squares(0.3), squares(0.3)),
    "in neither": lambda: penalised(no_penalty, no_penalty),
    "in the gradient alone": lambda: penalised(no_penalty, squares(0.3)),
    "another power": lambda: penalised(fourth_power, no_penalty),
    "one for the other": lambda: penalised(squares(0.3), absolute(0.3)),
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
    (finding,) = penalised(squares(0.3), no_penalty).findings
    assert (finding.where, finding.slug) == ("w", SLUG)
    assert "λ w with λ = 0.3" in finding.message
