"""One wrong block among hundreds: blocks that disagree together are halved, not taken one by one."""

from __future__ import annotations

import numpy as np
import pytest

import gradcheck
from tests.cases import Array

Params = dict[str, Array]


def start(count: int) -> Params:
    return {f"k{i}": np.array([1.0 + i % 7]) for i in range(count)}


def loss(p: Params) -> float:
    return float(np.sum(np.square([v[0] for v in p.values()])))


@pytest.mark.parametrize(
    ("count", "wrong", "factor"),
    [(600, {"k7"}, 1.3), (150, {"k149"}, -1.0), (150, {"k1", "k80"}, 0.5), (100, {"k3"}, 0.0)],
)
def test_the_wrong_ones_are_named(count: int, wrong: set[str], factor: float) -> None:
    report = gradcheck.check_gradients(
        loss, lambda p: {k: 2 * v * (factor if k in wrong else 1.0) for k, v in p.items()}, start(count), rng=0
    )
    assert {name for name, block in report.blocks.items() if block.verdict.value == "fail"} == wrong
    assert {name for name, block in report.blocks.items() if block.verdict.value == "pass"} == {*start(count)} - wrong
    assert report.evaluations <= 700


def test_right_ones_take_no_more_than_one() -> None:
    report = gradcheck.check_gradients(loss, lambda p: {k: 2 * v for k, v in p.items()}, start(400), rng=0)
    assert report
    assert report.evaluations <= 40


def test_one_wrong_of_many_takes_few_measurements() -> None:
    """Halving leaves a few to be measured one by one, at six evaluations each; all of a half would take 192."""
    report = gradcheck.check_gradients(
        loss, lambda p: {k: 2 * v * (1.3 if k == "k7" else 1.0) for k, v in p.items()}, start(64), rng=0
    )
    assert [name for name, block in report.blocks.items() if block.verdict.value == "fail"] == ["k7"]
    assert report.evaluations <= 250
