"""GC103: off by a count that stands in the shapes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.diagnosis.mistakes.cases import of_block, of_model, slugs

SLUG = "mean-sum"


HITS = {
    "summed over the batch": lambda: of_model(lambda g: {k: 7 * v for k, v in g.items()}),
    "averaged twice": lambda: of_model(lambda g: {k: v / 7 for k, v in g.items()}),
    "all outputs of the batch": lambda: of_model(lambda g: {k: 14 * v for k, v in g.items()}),
    "two samples": lambda: of_model(lambda g: {k: 2 * v for k, v in g.items()}, samples=2),
    "entries of a vector": lambda: of_block(lambda g: 9 * g, (9,)),
    "entries of a matrix": lambda: of_block(lambda g: g / 20),
    "one block": lambda: of_model(lambda g: g | {"b2": 7 * g["b2"]}),
}

SILENT = {
    "right": lambda: of_model(dict),
    "no count": lambda: of_model(lambda g: {k: 6 * v for k, v in g.items()}),
    "two of seven samples": lambda: of_model(lambda g: {k: 2 * v for k, v in g.items()}),
    "nearly a count": lambda: of_model(lambda g: {k: 7.01 * v for k, v in g.items()}),
    "a count that varies": lambda: of_model(lambda g: g | {"W1": g["W1"] * np.array([[7.0], [7.0], [1.0]])}),
}


@pytest.mark.parametrize("spoil", HITS.values(), ids=HITS)
def test_it_is_named(spoil: Any) -> None:
    report = spoil()
    assert report.verdict.value == "fail"
    assert slugs(report)[0] == SLUG


@pytest.mark.parametrize("spoil", SILENT.values(), ids=SILENT)
def test_a_near_miss_is_not(spoil: Any) -> None:
    assert SLUG not in slugs(spoil())


def test_what_was_counted_is_said_and_a_sign_beside_it() -> None:
    report = of_model(lambda g: {k: -7 * v for k, v in g.items()})
    assert slugs(report) == ["mean-sum", "sign-flipped"]
    assert "The batch has 7 samples: summed where the loss takes the mean?" in report.findings[0].message
