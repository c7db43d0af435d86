"""The report that users get: its truth value, its representation, and its copies."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

import gradcheck
from gradcheck import GradientMismatch, check_gradients
from tests.cases import SoftmaxRegression, logcosh

CASE = SoftmaxRegression()
X = np.linspace(-1.0, 2.0, 12)


@pytest.mark.parametrize(("factor", "truth"), [(1.0, True), (1.01, False)])
def test_report_is_true_if_the_gradient_passed(factor: float, truth: bool) -> None:
    assert bool(check_gradients(logcosh, lambda x: factor * np.tanh(x), X, rng=0)) is truth


def test_undecided_report_is_false() -> None:
    noise = np.random.default_rng(0)
    assert not check_gradients(lambda x: logcosh(x) + noise.normal(), np.tanh, X, rng=0)


def test_repr_names_the_blocks_that_did_not_pass() -> None:
    right = check_gradients(CASE.loss, CASE.gradient, CASE.start, rng=0)
    spoiled = check_gradients(CASE.loss, CASE.spoiled("b", lambda g: 2 * g), CASE.start, rng=0)
    assert repr(right) == f"<{right.line}>" == f"<pass: SoftmaxRegression.loss (rng={right.seed})>"
    assert repr(spoiled) == f"<{spoiled.line}>"
    assert spoiled.line.startswith("fail: SoftmaxRegression.loss in b: GC")


def test_report_is_public_under_its_short_name() -> None:
    report = check_gradients(CASE.loss, CASE.gradient, CASE.start, rng=0)
    assert type(report) is gradcheck.Report
    assert type(report.of_block("W")) is gradcheck.Report


def test_report_can_be_pickled() -> None:
    report = check_gradients(CASE.loss, CASE.spoiled("b", lambda g: 2 * g), CASE.start, rng=0)
    assert pickle.loads(pickle.dumps(report)) == report


def test_mismatch_travels_between_processes() -> None:
    report = check_gradients(CASE.loss, CASE.spoiled("b", lambda g: 2 * g), CASE.start, rng=0)
    whole, part = (pickle.loads(pickle.dumps(GradientMismatch(report, block))) for block in (None, "b"))
    assert whole.report == report
    assert str(whole) == str(report)
    assert list(part.report.blocks) == ["b"]
    assert f"{type(whole).__module__}.{type(whole).__qualname__}" == "gradcheck.GradientMismatch"
    assert type(whole) is gradcheck.GradientMismatch
