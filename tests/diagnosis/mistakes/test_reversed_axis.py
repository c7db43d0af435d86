"""GC202: an axis, or several, the wrong way round."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.diagnosis.mistakes.cases import committed, of_block, slugs

SLUG = "reversed-axis"


HITS = {
    "vector": lambda: of_block(lambda g: g[::-1], (6,)),
    "rows": lambda: of_block(lambda g: g[::-1]),
    "columns": lambda: of_block(lambda g: g[:, ::-1]),
    "kernel": lambda: of_block(lambda g: g[:, :, ::-1, ::-1], (2, 3, 3, 3)),
    "sequence": lambda: of_block(lambda g: g[:, ::-1], (2, 5, 3)),
    "with a constant": lambda: of_block(lambda g: 2.5 * g[::-1]),
    "float32": lambda: of_block(lambda g: g[::-1], (8,), np.float32),
}

SILENT = {
    "right": lambda: of_block(np.array),
    "halves exchanged": lambda: of_block(lambda g: np.roll(g, 3, 0), (6, 2)),
    "one row reversed": lambda: of_block(lambda g: np.concatenate([g[:1, ::-1], g[1:]])),
    "sorted": lambda: of_block(np.sort, (7,)),
}


@pytest.mark.parametrize("spoil", HITS.values(), ids=HITS)
def test_it_is_named(spoil: Any) -> None:
    report = spoil()
    assert report.verdict.value == "fail"
    assert slugs(report)[0] == SLUG


@pytest.mark.parametrize("spoil", SILENT.values(), ids=SILENT)
def test_a_near_miss_is_not(spoil: Any) -> None:
    assert SLUG not in slugs(spoil())


def test_committing_it_flips_or_refuses() -> None:
    g = np.arange(6.0).reshape(2, 3)
    found = committed(SLUG, g)
    assert sorted(found) == ["axes 0 and 1", "axis 0", "axis 1"]
    np.testing.assert_array_equal(found["axis 1"], g[:, ::-1])
    assert not committed(SLUG, np.array([1.0, 2.0, 1.0]))
