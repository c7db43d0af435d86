"""GC502: NaN and infinity in what is claimed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.diagnosis.mistakes.cases import of_block, slugs

SLUG = "not-finite"


def with_one(value: float) -> Any:
    return lambda g: np.where(np.arange(g.size).reshape(g.shape) == 3, value, g)


HITS = {
    "nan": lambda: of_block(with_one(np.nan)),
    "infinite": lambda: of_block(with_one(np.inf)),
    "all of it": lambda: of_block(lambda g: np.full_like(g, np.nan)),
    "float32": lambda: of_block(with_one(np.nan), dtype=np.float32),
}

SILENT = {
    "right": lambda: of_block(np.array),
    "large": lambda: of_block(lambda g: 1e30 * g),
    "one entry wrong": lambda: of_block(with_one(1e6)),
}


@pytest.mark.parametrize("spoil", HITS.values(), ids=HITS)
def test_it_is_named(spoil: Any) -> None:
    report = spoil()
    assert report.verdict.value == "fail"
    assert slugs(report)[0] == SLUG


@pytest.mark.parametrize("spoil", SILENT.values(), ids=SILENT)
def test_a_near_miss_is_not(spoil: Any) -> None:
    assert SLUG not in slugs(spoil())
