"""GC103 is named for a factor that is a count of the shapes, not for other factors."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gradcheck.diagnosis.mistakes import BY_SLUG
from tests.diagnosis.mistakes.cases import check_block, check_model, slugs

SLUG = "mean-sum"


WRONG = {
    "summed over the batch": lambda: check_model(lambda g: {k: 7 * v for k, v in g.items()}),
    "averaged twice": lambda: check_model(lambda g: {k: v / 7 for k, v in g.items()}),
    "all outputs of the batch": lambda: check_model(lambda g: {k: 14 * v for k, v in g.items()}),
    "two samples": lambda: check_model(lambda g: {k: 2 * v for k, v in g.items()}, samples=2),
    "entries of a vector": lambda: check_block(lambda g: 9 * g, (9,)),
    "entries of a matrix": lambda: check_block(lambda g: g / 20),
    "one block": lambda: check_model(lambda g: g | {"b2": 7 * g["b2"]}),
}

NEAR_MISSES = {
    "right": lambda: check_model(dict),
    "no count": lambda: check_model(lambda g: {k: 6 * v for k, v in g.items()}),
    "two of seven samples": lambda: check_model(lambda g: {k: 2 * v for k, v in g.items()}),
    "nearly a count": lambda: check_model(lambda g: {k: 7.01 * v for k, v in g.items()}),
    "a count that varies": lambda: check_model(lambda g: g | {"W1": g["W1"] * np.array([[7.0], [7.0], [1.0]])}),
}


@pytest.mark.parametrize("check", WRONG.values(), ids=WRONG)
def test_it_is_named(check: Any) -> None:
    report = check()
    assert report.verdict.value == "fail"
    assert slugs(report)[0] == SLUG


@pytest.mark.parametrize("check", NEAR_MISSES.values(), ids=NEAR_MISSES)
def test_a_near_miss_is_not_named(check: Any) -> None:
    assert SLUG not in slugs(check())


def test_the_count_is_explained_and_a_flipped_sign_is_a_second_finding() -> None:
    report = check_model(lambda g: {k: -7 * v for k, v in g.items()})
    assert slugs(report) == ["mean-sum", "sign-flipped"]
    assert (
        "The batch has 7 samples: the gradient is probably summed where the loss takes the mean"
        in report.findings[0].message
    )


def test_a_count_is_named_only_where_no_other_is_possible() -> None:
    counts = {20: "There are 20 samples"}
    assert BY_SLUG[SLUG].describe_factor(19.9, 0.2, counts) is not None  # type: ignore[attr-defined]
    assert BY_SLUG[SLUG].describe_factor(19.9, 0.9, counts) is None  # type: ignore[attr-defined]
    assert BY_SLUG[SLUG].describe_factor(0.0501, 0.0004, counts) is not None  # type: ignore[attr-defined]
    assert BY_SLUG[SLUG].describe_factor(0.0505, 0.002, counts) is None  # type: ignore[attr-defined]
