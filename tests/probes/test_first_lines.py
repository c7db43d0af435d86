"""The values along the first lines show slopes and the noise of the loss, or that more is needed to know it."""

from __future__ import annotations

import numpy as np
import pytest

from gradcheck.differences.settings import EPSILON, STEPS
from gradcheck.probes.first_lines import first_lines
from gradcheck.subjects.spaces.numpy_space import NUMPY
from tests.cases import Array, logcosh
from tests.probers import X, prober_of, shake


@pytest.mark.parametrize("count", [1, 2, 3])
def test_slopes_along_the_first_lines_take_no_further_values(count: int) -> None:
    prober = prober_of(logcosh, np.tanh, X, measured=False)
    before = prober.evaluator.losses
    found = first_lines(prober, [0], count)
    assert found is not None
    spent = prober.evaluator.losses - before
    assert spent == 2 * STEPS.run + 2 + 4 * (count - 1)
    for i, line in enumerate(found.lines):
        slope = found.prober.measure(line, brief=i > 0).estimate
        assert abs(slope.value - float(np.tanh(X) @ NUMPY.array(line.direction, 0))) <= slope.error
    assert prober.evaluator.losses - before == spent
    assert prober.data.noise.level == 0.0


@pytest.mark.parametrize("constant", [0.0, 1e4])
def test_the_noise_is_that_of_rounding(constant: float) -> None:
    found = first_lines(prober_of(lambda x: logcosh(x) + constant, np.tanh, X, measured=False), [0], 2)
    assert found is not None
    size = logcosh(X) + constant
    assert EPSILON * size <= found.prober.data.noise.level <= 64 * EPSILON * size


@pytest.mark.parametrize("size", [1e-12, 1e-9, 1e-6])
def test_noise_above_rounding_needs_a_table_of_its_own(size: float) -> None:
    assert first_lines(prober_of(lambda x: logcosh(x) + size * shake(x), np.tanh, X, measured=False), [0], 2) is None


def test_a_claim_of_zero_and_values_that_are_not_finite_need_one_too() -> None:
    assert first_lines(prober_of(lambda x: 3.0, np.zeros_like, X, measured=False), [0], 2) is None

    def edge(x: Array) -> float:
        return logcosh(x) if np.array_equal(x, X) else float("nan")

    assert first_lines(prober_of(edge, np.tanh, X, measured=False), [0], 2) is None


def test_the_budget_is_not_exceeded() -> None:
    prober = prober_of(logcosh, np.tanh, X, measured=False, budget=2 + 11)
    assert first_lines(prober, [0], 2) is None
    assert prober.evaluator.losses <= 13


def test_rounding_that_is_alike_at_equal_distances_is_heard() -> None:
    """cosh is rounded to 2⁻⁵² where it is near 1, however small its logarithm is."""
    heard = deaf = 0
    for seed in range(300):
        x0 = np.round(2**22 * 0.3 * np.random.default_rng(seed).standard_normal(1)) / 2**22
        prober = prober_of(lambda x: float(np.log(np.cosh(x[0]))), np.tanh, x0, measured=False, seed=seed)
        found = first_lines(prober, [0], 1)
        if found is not None and abs(x0[0]) > 0.01:
            heard += 1
            deaf += found.prober.data.noise.level < EPSILON / np.sqrt(12) / 4
    assert heard >= 30
    assert deaf <= 0.01 * heard
