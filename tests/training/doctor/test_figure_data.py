"""The data of the plots."""

from __future__ import annotations

import numpy as np
import pytest

from gradcheck.subjects.convert import as_subject
from gradcheck.training.doctor.build_run import build_run, rule_from_options
from gradcheck.training.doctor.figure_data import SLICE_SETTINGS, figure_data
from gradcheck.training.doctor.measurements import Measurements


def test_the_slice_along_the_gradient_of_a_parabola_reaches_beyond_its_minimum() -> None:
    """The loss x·x has curvature 2, and its minimum is at the distance |x|."""
    subject = as_subject(lambda x: float(x @ x), lambda x: 2 * x, np.array([3.0, 4.0]))
    run = build_run(subject, rule_from_options(0.1, None), None)
    data = figure_data(Measurements(run, np.random.default_rng(0)), [], "parabola")
    (line,) = data.slices  # no curvature is negative, so there is no second one
    assert line.curvature == pytest.approx(2.0, rel=1e-6)
    assert line.distances[-1] == pytest.approx(2 * 5.0, rel=1e-6)
    assert line.step == pytest.approx(0.1 * 10.0)
    assert len(line.losses) == 2 * SLICE_SETTINGS.points + 1
    np.testing.assert_allclose(line.losses, (5.0 - line.distances) ** 2, atol=1e-9)
    assert (data.baseline, data.gradient_flow, data.effective_step) == (None, None, 0.1)


def test_negative_curvature_at_the_end_adds_a_slice() -> None:
    subject = as_subject(lambda x: 5.0 - float(x @ x), lambda x: -2 * x, np.full(2, 1e-3))
    run = build_run(subject, rule_from_options(1e-6, None), None)
    data = figure_data(Measurements(run, np.random.default_rng(0)), [], "hill")
    assert [line.name.split(",")[0] for line in data.slices] == [
        "along the negative gradient",
        "along the most negative curvature",
    ]
