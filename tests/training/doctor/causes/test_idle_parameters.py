"""Weights are idle if their gradient is exactly zero while others move."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np

from gradcheck.training.doctor.causes.idle_parameters import find, unused_derivative
from gradcheck.training.doctor.measurements import Measurements
from tests.training.doctor.causes.tools import measured

START = {"W1": np.ones((2, 2)), "W2": np.ones((2, 2))}


def two_blocks(weight: float) -> Measurements:
    """The loss 10 + |W1|² + weight·|W2|², which cannot halve."""

    def loss(p: Any) -> float:
        return float(10 + np.sum(p["W1"] ** 2) + weight * np.sum(p["W2"] ** 2))

    return measured(loss, lambda p: {"W1": 2 * p["W1"], "W2": 2 * weight * p["W2"]}, START, step=0.01)


def test_a_block_with_a_zero_gradient_is_found() -> None:
    finding = find(two_blocks(0.0))
    assert finding is not None
    assert (finding.slug, finding.where) == ("idle-parameters", "W2")


def test_a_small_gradient_is_not_zero() -> None:
    assert find(two_blocks(1e-12)) is None


def test_a_gradient_that_is_zero_everywhere_singles_out_nothing() -> None:
    flat = measured(lambda p: 10.0, lambda p: {name: 0 * value for name, value in p.items()}, START, step=0.01)
    assert find(flat) is None


def test_an_unused_derivative_is_reported_with_its_line() -> None:
    finding = unused_derivative("b", "db", SimpleNamespace(file="train.py", line=12))
    assert (finding.where, finding.file, finding.line) == ("b", "train.py", 12)
    assert finding.message == "no update changes b: db is computed but never used"
