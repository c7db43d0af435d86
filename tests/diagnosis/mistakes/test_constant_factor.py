"""GC102 is named for one factor at every entry and point, not for a varying factor, a count or −1."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.diagnosis.mistakes.cases import check_block, check_model, slugs

SLUG = "constant-factor"


WRONG = {
    "half": lambda: check_block(lambda g: 0.5 * g),
    "2.5 of a vector": lambda: check_block(lambda g: 2.5 * g, (7,)),
    "small": lambda: check_block(lambda g: 1e-3 * g),
    "a thousandth off": lambda: check_block(lambda g: 1.001 * g),
    "float32": lambda: check_block(lambda g: 2.5 * g, dtype=np.float32),
    "block of a model": lambda: check_model(lambda g: g | {"b1": 1.7 * g["b1"]}),
    "single number": lambda: check_block(lambda g: 1.3 * g, (1,)),
}

NEAR_MISSES = {
    "right": lambda: check_block(np.array),
    "one part in ten million": lambda: check_block(lambda g: (1 + 1e-7) * g),
    "varies from entry to entry": lambda: check_block(lambda g: g * np.linspace(1.5, 1.6, g.size).reshape(g.shape)),
    "varies with the point": lambda: check_block(lambda g: g * np.abs(g).max()),
    "a count of samples": lambda: check_model(lambda g: {k: 7 * v for k, v in g.items()}),
    "minus one": lambda: check_block(np.negative),
    "zero": lambda: check_block(np.zeros_like),
}


@pytest.mark.parametrize("check", WRONG.values(), ids=WRONG)
def test_it_is_named(check: Any) -> None:
    report = check()
    assert report.verdict.value == "fail"
    assert slugs(report)[0] == SLUG


@pytest.mark.parametrize("check", NEAR_MISSES.values(), ids=NEAR_MISSES)
def test_a_near_miss_is_not_named(check: Any) -> None:
    assert SLUG not in slugs(check())


def test_the_constant_is_shown() -> None:
    (finding,) = check_block(lambda g: 2.5 * g).findings
    assert finding.message.startswith("2.5 times the right gradient (5/2)")
    assert "the factor is 2.5 ±" in finding.evidence
