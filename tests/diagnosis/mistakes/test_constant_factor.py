"""GC102: one constant at every entry and every point, which no count explains."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.diagnosis.mistakes.cases import of_block, of_model, slugs

SLUG = "constant-factor"


HITS = {
    "half": lambda: of_block(lambda g: 0.5 * g),
    "2.5 of a vector": lambda: of_block(lambda g: 2.5 * g, (7,)),
    "small": lambda: of_block(lambda g: 1e-3 * g),
    "a thousandth off": lambda: of_block(lambda g: 1.001 * g),
    "float32": lambda: of_block(lambda g: 2.5 * g, dtype=np.float32),
    "block of a model": lambda: of_model(lambda g: g | {"b1": 1.7 * g["b1"]}),
    "single number": lambda: of_block(lambda g: 1.3 * g, (1,)),
}

SILENT = {
    "right": lambda: of_block(np.array),
    "one part in ten million": lambda: of_block(lambda g: (1 + 1e-7) * g),
    "varies from entry to entry": lambda: of_block(lambda g: g * np.linspace(1.5, 1.6, g.size).reshape(g.shape)),
    "varies with the point": lambda: of_block(lambda g: g * np.abs(g).max()),
    "a count of samples": lambda: of_model(lambda g: {k: 7 * v for k, v in g.items()}),
    "minus one": lambda: of_block(np.negative),
    "zero": lambda: of_block(np.zeros_like),
}


@pytest.mark.parametrize("spoil", HITS.values(), ids=HITS)
def test_it_is_named(spoil: Any) -> None:
    report = spoil()
    assert report.verdict.value == "fail"
    assert slugs(report)[0] == SLUG


@pytest.mark.parametrize("spoil", SILENT.values(), ids=SILENT)
def test_a_near_miss_is_not(spoil: Any) -> None:
    assert SLUG not in slugs(spoil())


def test_the_constant_is_given() -> None:
    (finding,) = of_block(lambda g: 2.5 * g).findings
    assert finding.message.startswith("2.5 times the right gradient (5/2)")
    assert "the factor is 2.5 ±" in finding.evidence
