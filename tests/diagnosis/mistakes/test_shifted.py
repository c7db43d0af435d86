"""GC206: by one, around the end or with zeros; not by two."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.diagnosis.mistakes.cases import committed, of_block, slugs

SLUG = "shifted"


def pushed(g: Any) -> Any:
    """Shifted by one, with a zero where nothing comes from."""
    return np.concatenate([np.zeros_like(g[:1]), g[:-1]])


HITS = {
    "around the end": lambda: of_block(lambda g: np.roll(g, 1), (7,)),
    "back": lambda: of_block(lambda g: np.roll(g, -1, 0), (5, 3)),
    "second axis": lambda: of_block(lambda g: np.roll(g, 1, 1), (3, 5)),
    "zero comes in": lambda: of_block(pushed, (7,)),
    "rows of zero come in": lambda: of_block(pushed, (5, 3)),
    "with a sign": lambda: of_block(lambda g: -np.roll(g, 1), (7,)),
    "float32": lambda: of_block(lambda g: np.roll(g, 1), (9,), np.float32),
}

SILENT = {
    "right": lambda: of_block(np.array, (7,)),
    "by two": lambda: of_block(lambda g: np.roll(g, 2), (7,)),
    "first entry zero": lambda: of_block(lambda g: np.concatenate([0 * g[:1], g[1:]]), (7,)),
    "two entries exchanged": lambda: of_block(lambda g: g[[1, 0, 2, 3, 4, 5, 6]], (7,)),
}


@pytest.mark.parametrize("spoil", HITS.values(), ids=HITS)
def test_it_is_named(spoil: Any) -> None:
    report = spoil()
    assert report.verdict.value == "fail"
    assert slugs(report)[0] == SLUG


@pytest.mark.parametrize("spoil", SILENT.values(), ids=SILENT)
def test_a_near_miss_is_not(spoil: Any) -> None:
    assert SLUG not in slugs(spoil())


def test_committing_it_moves_all_by_one_or_refuses() -> None:
    g = np.arange(1.0, 5.0)
    found = committed(SLUG, g)
    np.testing.assert_array_equal(found["axis 0, by +1, around the end"], [4, 1, 2, 3])
    np.testing.assert_array_equal(found["axis 0, by -1"], [2, 3, 4, 0])
    assert not committed(SLUG, np.ones(2))
    assert "axis 0, by +1, around the end" not in committed(SLUG, np.ones(4))
