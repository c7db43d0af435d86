"""Each verdict has an exit status and a sentence of its own."""

from __future__ import annotations

import pytest

from gradcheck.verdicts.verdict import Verdict


@pytest.mark.parametrize(
    ("verdict", "word", "status"),
    [(Verdict.PASS, "pass", 0), (Verdict.FAIL, "fail", 1), (Verdict.UNDECIDED, "undecided", 3)],
)
def test_word_and_exit_status(verdict: Verdict, word: str, status: int) -> None:
    assert verdict.value == word
    assert Verdict(word) is verdict
    assert verdict.exit_status == status  # 2 is a wrong command line


def test_each_has_advice_of_its_own() -> None:
    advice = {verdict.advice for verdict in Verdict}
    assert len(advice) == len(Verdict)
    assert all(text.endswith(".") for text in advice)
    assert "right" in Verdict.PASS.advice
    assert "wrong" in Verdict.FAIL.advice
    assert "rtol" in Verdict.UNDECIDED.advice
