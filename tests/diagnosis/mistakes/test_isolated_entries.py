"""GC505 is named for a few wrong entries, which are listed; not for many, and not within the tolerance."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.diagnosis.mistakes.cases import check_block, slugs

SLUG = "isolated-entries"


def at(*places: int, factor: float = 1.5) -> Any:
    def spoil(g: Any) -> Any:
        found = g.copy()
        found.reshape(-1)[list(places)] *= factor
        return found

    return spoil


WRONG = {
    "one of a matrix": lambda: check_block(at(7)),
    "one of a vector": lambda: check_block(at(0), (9,)),
    "two of a large one": lambda: check_block(at(10, 2000), (60, 50)),
    "five, one zero": lambda: check_block(at(1, 2, 3, 99, 500, factor=0.0), (40, 30)),
    "float32": lambda: check_block(at(11), (30, 30), np.float32),
    "float16": lambda: check_block(at(0, factor=-2.0), (6, 6), np.float16),
}

NEAR_MISSES = {
    "right": lambda: check_block(np.array),
    "half of all": lambda: check_block(at(*range(10))),
    "within the tolerance": lambda: check_block(at(7, factor=1 + 1e-6)),
    "all": lambda: check_block(lambda g: 1.5 * g),
}


@pytest.mark.parametrize("check", WRONG.values(), ids=WRONG)
def test_it_is_named(check: Any) -> None:
    report = check()
    assert report.verdict.value == "fail"
    assert slugs(report)[0] == SLUG


@pytest.mark.parametrize("check", NEAR_MISSES.values(), ids=NEAR_MISSES)
def test_a_near_miss_is_not_named(check: Any) -> None:
    assert SLUG not in slugs(check())


def test_wrong_entries_are_listed_and_counted() -> None:
    report = check_block(at(10, 2000), (60, 50))
    assert [entry.index for entry in report.blocks["x"].entries if entry.wrong] == [(0, 10), (40, 0)]
    assert "2 of 3000 entries" in report.findings[0].message
