"""On a parabola of curvature 2 descent diverges with steps above 1."""

from __future__ import annotations

import numpy as np
import pytest

from gradcheck.nn import Momentum
from gradcheck.training.doctor.causes.step_too_large import find
from tests.training.doctor.causes.tools import measured, parabola

#: Diverging runs overflow; `diagnose` ignores these warnings.
pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")


@pytest.mark.parametrize(("step", "found"), [(0.9, False), (1.1, True), (3.0, True)])
def test_the_limit_is_two_over_the_curvature(step: float, found: bool) -> None:
    finding = find(parabola(step))
    assert (finding is not None) is found
    if finding is not None:
        assert f"η λ = {2 * step:.3g} with the curvature λ = 2" in finding.evidence
        assert finding.fix == "Use a step below 1."


@pytest.mark.parametrize(("step", "found"), [(1.8, False), (2.0, True)])
def test_momentum_raises_the_limit(step: float, found: bool) -> None:
    """With μ = 0.9 the limit is 2 · 1.9/λ = 1.9."""
    measurements = measured(lambda x: float(x @ x), lambda x: 2 * x, np.ones(3), optimiser=Momentum(step, momentum=0.9))
    assert (find(measurements) is not None) is found


def test_a_function_that_raises_far_from_the_start_diverges_there() -> None:
    def loss(x: np.ndarray) -> float:
        if np.abs(x).max() > 50:
            raise RuntimeError("out of range")
        return float(x @ x)

    finding = find(measured(loss, lambda x: 2 * x, np.ones(3), step=1.1))
    assert finding is not None
    assert "the loss diverges" in finding.evidence


def test_overshooting_that_does_no_harm_is_not_reported() -> None:
    """The step is 5 times the limit of a direction along which the start has no component."""
    scales = np.array([1.0, 100.0])
    start = np.array([1.0, 0.0])
    measurements = measured(lambda x: float(0.5 * x @ (scales * x)), lambda x: scales * x, start, step=0.1)
    assert find(measurements) is None
