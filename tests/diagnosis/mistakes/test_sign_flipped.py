"""GC101: a sign that is wrong everywhere, and signs that are wrong here and there."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.diagnosis.mistakes.cases import committed, matrices, of_block, of_model, slugs

SLUG = "sign-flipped"


HITS = {
    "vector": lambda: of_block(np.negative, (9,)),
    "matrix": lambda: of_block(np.negative),
    "three axes": lambda: of_block(np.negative, (2, 3, 4)),
    "float32": lambda: of_block(np.negative, dtype=np.float32),
    "large": lambda: of_block(np.negative, (40, 50)),
    "model": lambda: of_model(lambda g: {k: -v for k, v in g.items()}),
    "one block of a model": lambda: of_model(lambda g: g | {"W2": -g["W2"]}),
}

SILENT = {
    "right": lambda: of_block(np.array),
    "half of the entries": lambda: of_block(lambda g: np.where(np.arange(g.size).reshape(g.shape) % 2, -g, g)),
    "one entry": lambda: of_block(lambda g: np.where(np.arange(g.size).reshape(g.shape) == 7, -g, g)),
    "absolute value": lambda: of_block(np.abs),
    "nearly minus one varying": lambda: of_block(lambda g: -g * np.linspace(0.99, 1.01, g.size).reshape(g.shape)),
}


@pytest.mark.parametrize("spoil", HITS.values(), ids=HITS)
def test_it_is_named(spoil: Any) -> None:
    report = spoil()
    assert report.verdict.value == "fail"
    assert slugs(report)[0] == SLUG


@pytest.mark.parametrize("spoil", SILENT.values(), ids=SILENT)
def test_a_near_miss_is_not(spoil: Any) -> None:
    assert SLUG not in slugs(spoil())


def test_committing_it_is_a_minus() -> None:
    for g in matrices():
        (wrong,) = committed(SLUG, g).values()
        np.testing.assert_array_equal(wrong, -g)
    assert not committed(SLUG, np.zeros(3))
