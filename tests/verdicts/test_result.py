"""One block that fails makes the whole fail; one that is undecided makes it undecided."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from gradcheck.probes.observation import Observation
from gradcheck.probes.place import Place
from gradcheck.probes.screening import screen_block
from gradcheck.subjects.subject import Block
from gradcheck.verdicts.result import BlockResult, CheckResult
from gradcheck.verdicts.verdict import Verdict
from tests.cases import logcosh
from tests.probers import X, prober_of

BLOCK = Block("W", (5,), "float64")


def result_of(*verdicts: Verdict) -> CheckResult:
    return CheckResult(tuple(BlockResult(BLOCK, verdict, 1.0, None, Place.USER) for verdict in verdicts), 1.0, 1e-16)


@pytest.mark.parametrize("verdicts", list(itertools.product(Verdict, repeat=3)))
def test_the_worst_block_decides(verdicts: tuple[Verdict, ...]) -> None:
    badness = [Verdict.PASS, Verdict.UNDECIDED, Verdict.FAIL]
    assert result_of(*verdicts).verdict is max(verdicts, key=badness.index)


def test_nothing_to_check_passes() -> None:
    assert result_of().verdict is Verdict.PASS


def test_what_was_observed_is_found_by_its_slug() -> None:
    seen = CheckResult((), 1.0, 0.0, (Observation("mutates-input", "loss() writes into its argument x"),))
    assert seen.observed("mutates-input")
    assert not seen.observed("nondeterministic")
    assert not seen.observed("mutates")


def test_as_text_it_says_what_decided() -> None:
    screening = screen_block(prober_of(logcosh, np.tanh, X), 0)
    found = BlockResult(BLOCK, Verdict.PASS, 1.0, screening, Place.GENERIC)
    assert str(found).startswith("W: pass at a generic point nearby, claimed ")
    assert str(BlockResult(BLOCK, Verdict.FAIL, 1.0, None, Place.USER)) == "W: fail at your point"
    assert str(result_of(Verdict.PASS, Verdict.FAIL)) == "fail: 2 blocks"
