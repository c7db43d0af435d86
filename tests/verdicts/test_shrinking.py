"""Examples that Hypothesis shrinks: nobody reads their reports, and what is known early ends them."""

from __future__ import annotations

import sys
from contextlib import suppress
from types import FrameType
from typing import Any

import numpy as np
import pytest
from hypothesis import Phase, find, given, settings
from hypothesis import strategies as st
from hypothesis.internal.scrutineer import Tracer

import gradcheck
from gradcheck.reports.report import Report
from gradcheck.strategies import networks
from gradcheck.verdicts.verdict import Verdict

QUICK = settings(database=None, derandomize=True, max_examples=10, phases=(Phase.generate, Phase.shrink), deadline=None)

Parameters = dict[str, Any]


def loss(p: Parameters) -> float:
    return float(sum(np.sum(np.cosh(x)) for x in p.values()))


def doubled(p: Parameters) -> Parameters:
    return {name: 2 * np.sinh(x) for name, x in p.items()}


def right(p: Parameters) -> Parameters:
    return {name: np.sinh(x) for name, x in p.items()}


def examples(claim: Any) -> list[Report]:
    """Reports of all examples of a test, in order."""
    seen: list[Report] = []

    @QUICK
    @given(st.integers(1, 5))
    def test(size: int) -> None:
        point = {name: np.linspace(0.5, 1.0, size) for name in "abc"}
        try:
            seen.append(gradcheck.assert_gradients(loss, claim, point, rng=0))
        except gradcheck.GradientMismatch as error:
            seen.append(error.report)
            raise

    with suppress(gradcheck.GradientMismatch):
        test()
    return seen


def test_one_block_is_enough_until_the_example_is_shown() -> None:
    *unread, shown = examples(doubled)
    assert len(unread) > 3
    assert all(report.verdict is Verdict.FAIL for report in [*unread, shown])
    assert [block.verdict for block in shown.blocks.values()] == [Verdict.FAIL] * 3
    assert shown.findings
    assert all(len(report.blocks) == 1 and not report.findings for report in unread)
    assert max(report.evaluations for report in unread) < shown.evaluations / 2


def test_all_blocks_of_a_right_gradient_are_checked() -> None:
    seen = examples(right)
    assert all(report.verdict is Verdict.PASS and len(report.blocks) == 3 for report in seen)


def test_a_mistake_that_only_other_points_show_is_found_while_shrinking() -> None:
    """Right for positive numbers, of which the point has some only."""
    seen = examples(lambda p: {name: np.sinh(x) * np.where(x > 1.0, 1.5, 1.0) for name, x in p.items()})
    assert Verdict.FAIL in {report.verdict for report in seen}
    assert seen[-1].verdict is Verdict.FAIL


@pytest.mark.skipif(hasattr(sys, "monitoring"), reason="Hypothesis traces another way from Python 3.12 on")
def test_hypothesis_sees_the_users_lines_at_the_users_point_only() -> None:
    tracing: list[bool] = []

    def watched(p: Parameters) -> float:
        tracing.append(sys.gettrace() is not None)
        return loss(p)

    before = sys.gettrace()
    sys.settrace(None)  # of coverage, say
    try:
        with Tracer(should_trace=True) as tracer:
            gradcheck.check_gradients(watched, right, {"a": np.ones(3)}, rng=0)
            assert sys.gettrace() is not None
    finally:
        sys.settrace(before)
    assert tracing[0]
    assert not any(tracing[2:])
    assert len(tracing) > 10
    lines = {line for _, (file, line) in tracer.branches if file == __file__}
    assert right.__code__.co_firstlineno + 1 in lines
    assert loss.__code__.co_firstlineno + 1 in lines


def test_other_tracers_see_everything() -> None:
    calls = 0

    def trace(frame: FrameType, event: str, argument: object) -> None:
        nonlocal calls
        calls += frame.f_code is loss.__code__

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        report = gradcheck.check_gradients(loss, right, {"a": np.ones(3)}, rng=0)
    finally:
        sys.settrace(before)
    assert calls == report.evaluations


@pytest.mark.skipif(hasattr(sys, "monitoring"), reason="Hypothesis traces another way from Python 3.12 on")
def test_hypothesis_does_not_watch_networks_being_drawn() -> None:
    seen: list[bool] = []

    class Shift:
        def __init__(self) -> None:
            seen.append(sys.gettrace() is not None)

        def forward(self, x: Any) -> Any:
            return x + 1.0

        def backward(self, upstream: Any) -> Any:
            return upstream

    before = sys.gettrace()
    sys.settrace(None)
    try:
        with Tracer(should_trace=True):
            find(networks(layers=[Shift]), lambda network: True, settings=QUICK)
    finally:
        sys.settrace(before)
    assert seen
    assert not any(seen)
