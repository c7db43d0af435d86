"""The numbers of a report: norms, relative errors and resolutions."""

from __future__ import annotations

import numpy as np
import pytest

from gradcheck import check_gradients
from tests.cases import Array, SoftmaxRegression, logcosh

CASE = SoftmaxRegression()
X = np.linspace(-1.0, 2.0, 12)


def test_a_block_has_its_shape_type_and_norm() -> None:
    block = check_gradients(CASE.loss, CASE.gradient, CASE.start, rng=0).blocks["W"]
    norm = float(np.linalg.norm(CASE.gradient(CASE.start)["W"]))
    assert (block.name, block.shape, block.dtype) == ("W", (4, 3), "float64")
    assert block.claimed_norm == pytest.approx(norm, rel=1e-12)
    assert block.worst is None


def test_loss_is_that_of_the_point() -> None:
    assert check_gradients(logcosh, np.tanh, X, rng=0).loss == logcosh(X)


@pytest.mark.parametrize("size", [3, 12])
@pytest.mark.parametrize("factor", [1.001, 1.5, 3.0, 0.5, -1.0])
def test_relative_error_of_a_scaled_gradient_is_one_number(factor: float, size: int) -> None:
    """In entries and along directions it is |k - 1| by the larger of 1 and |k|, whatever the seed."""
    x = X[-size:]
    found = [check_gradients(logcosh, lambda x: factor * np.tanh(x), x, rng=seed).blocks["x"] for seed in range(8)]
    expected = abs(factor - 1) / max(1.0, abs(factor))
    assert [block.relative_error for block in found] == pytest.approx([expected] * 8, rel=1e-5)


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


def test_numeric_norm_is_measured_where_all_entries_were() -> None:
    norm = float(np.linalg.norm(np.tanh(X)))
    wrong = check_gradients(logcosh, lambda x: 2 * np.tanh(x), X, rng=0, entries=True).blocks["x"]
    assert wrong.claimed_norm == pytest.approx(2 * norm, rel=1e-12)
    assert wrong.numeric_norm == pytest.approx(norm, rel=1e-6)


def test_a_passing_claim_of_zero_has_a_numeric_norm_of_zero_and_no_resolution() -> None:
    def gradient(p: dict[str, Array]) -> dict[str, Array]:
        return {"used": np.tanh(p["used"]), "unused": np.zeros(12)}

    report = check_gradients(lambda p: logcosh(p["used"]), gradient, {"used": X, "unused": X}, rng=0)
    unused, used = report.blocks["unused"], report.blocks["used"]
    assert report
    assert (unused.numeric_norm, unused.relative_error, unused.resolution) == (0.0, 0.0, None)
    assert used.numeric_norm == used.claimed_norm > 0
    assert used.resolution is not None


def test_one_entry_has_one_resolution() -> None:
    block = check_gradients(lambda x: x**2, lambda x: 2 * x, 3.0, rng=0).blocks["x"]
    assert block.resolution == block.block_resolution


@pytest.mark.parametrize("rtol", [1e-6, 1e-3])
def test_no_resolution_is_finer_than_the_tolerance(rtol: float) -> None:
    block = check_gradients(logcosh, np.tanh, X, rng=0, rtol=rtol).blocks["x"]
    assert block.resolution is not None
    assert block.block_resolution is not None
    assert block.resolution >= rtol
    assert block.block_resolution >= rtol
