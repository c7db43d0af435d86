"""GC505: a few entries, which are listed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.diagnosis.mistakes.cases import of_block, slugs

SLUG = "isolated-entries"


def at(*places: int, factor: float = 1.5) -> Any:
    def spoil(g: Any) -> Any:
        found = g.copy()
        found.reshape(-1)[list(places)] *= factor
        return found

    return spoil


HITS = {
    "one of a matrix": lambda: of_block(at(7)),
    "one of a vector": lambda: of_block(at(0), (9,)),
    "two of a large one": lambda: of_block(at(10, 2000), (60, 50)),
    "five, one zero": lambda: of_block(at(1, 2, 3, 99, 500, factor=0.0), (40, 30)),
    "float32": lambda: of_block(at(11), (30, 30), np.float32),
}

SILENT = {
    "right": lambda: of_block(np.array),
    "half of all": lambda: of_block(at(*range(10))),
    "within the tolerance": lambda: of_block(at(7, factor=1 + 1e-6)),
    "all": lambda: of_block(lambda g: 1.5 * g),
}


@pytest.mark.parametrize("spoil", HITS.values(), ids=HITS)
def test_it_is_named(spoil: Any) -> None:
    report = spoil()
    assert report.verdict.value == "fail"
    assert slugs(report)[0] == SLUG


@pytest.mark.parametrize("spoil", SILENT.values(), ids=SILENT)
def test_a_near_miss_is_not(spoil: Any) -> None:
    assert SLUG not in slugs(spoil())


def test_places_and_values_are_listed() -> None:
    report = of_block(at(10, 2000), (60, 50))
    assert [entry.index for entry in report.blocks["x"].entries if entry.wrong] == [(0, 10), (40, 0)]
    assert "2 of 3000 entries" in report.findings[0].message
