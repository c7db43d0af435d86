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
    lie = check_gradients(CASE.loss, CASE.spoiled("b", lambda g: 2 * g), CASE.start, rng=0)
    assert repr(right) == f"<Report pass: SoftmaxRegression.loss, {right.evaluations} evaluations>"
    assert repr(lie) == f"<Report fail (b): SoftmaxRegression.loss, {lie.evaluations} evaluations>"


def test_blocks_tell_shape_type_and_norm() -> None:
    block = check_gradients(CASE.loss, CASE.gradient, CASE.start, rng=0).blocks["W"]
    norm = float(np.linalg.norm(CASE.gradient(CASE.start)["W"]))
    assert (block.name, block.shape, block.dtype) == ("W", (4, 3), "float64")
    assert block.claimed_norm == pytest.approx(norm, rel=1e-12)
    assert block.worst is None


def test_loss_is_that_of_the_point() -> None:
    assert check_gradients(logcosh, np.tanh, X, rng=0).loss == logcosh(X)


@pytest.mark.parametrize("error", [1e-3, 1e-2, 0.5, 2.0])
def test_relative_error_of_a_scaled_gradient(error: float) -> None:
    """In one entry the gap is ε against the larger of 1 and 1 + ε; along a ray it may be a few times that."""
    block = check_gradients(logcosh, lambda x: (1 + error) * np.tanh(x), X, rng=0).blocks["x"]
    assert block.relative_error >= 0.99 * error / (1 + error)
    assert block.relative_error <= 10 * error


def test_stated_resolution_holds() -> None:
    """Twice the error that would have been found is found."""
    block = check_gradients(logcosh, np.tanh, X, rng=0).blocks["x"]
    assert block.resolution is not None
    assert 0 < block.resolution < 1e-2
    scale = 1 + 2 * block.resolution

    for entry in range(12):
        spoiled = np.ones(12)
        spoiled[entry] = scale
        assert not check_gradients(logcosh, lambda x, s=spoiled: s * np.tanh(x), X, rng=0), entry


def test_failing_block_has_no_resolution() -> None:
    assert check_gradients(logcosh, lambda x: 2 * np.tanh(x), X, rng=0).blocks["x"].resolution is None


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
