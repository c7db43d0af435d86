"""GC104: zero where the loss does depend on a block."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gradcheck import check_gradients
from tests.diagnosis.mistakes.cases import of_block, of_model, slugs

SLUG = "zero-gradient"


HITS = {
    "vector": lambda: of_block(np.zeros_like, (6,)),
    "three axes": lambda: of_block(np.zeros_like, (2, 3, 4)),
    "float32": lambda: of_block(np.zeros_like, dtype=np.float32),
    "one block": lambda: of_model(lambda g: g | {"W1": 0 * g["W1"]}),
    "large": lambda: of_block(np.zeros_like, (60, 60)),
}

SILENT = {
    "a constant loss": lambda: check_gradients(lambda x: 3.0, np.zeros_like, np.ones((3, 2)), rng=0),
    "tiny, not zero": lambda: of_block(lambda g: 1e-6 * g),
    "half of it zero": lambda: of_block(lambda g: g * (np.arange(g.size).reshape(g.shape) % 2)),
    "right": lambda: of_block(np.array),
}


@pytest.mark.parametrize("spoil", HITS.values(), ids=HITS)
def test_it_is_named(spoil: Any) -> None:
    report = spoil()
    assert report.verdict.value == "fail"
    assert slugs(report)[0] == SLUG


@pytest.mark.parametrize("spoil", SILENT.values(), ids=SILENT)
def test_a_near_miss_is_not(spoil: Any) -> None:
    assert SLUG not in slugs(spoil())
