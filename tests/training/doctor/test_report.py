"""A report holds its data and prints it."""

from __future__ import annotations

import pickle
from dataclasses import replace

import numpy as np
import pytest

import gradcheck
from gradcheck.errors import SubjectError
from gradcheck.training.doctor.data import DoctorData
from gradcheck.training.doctor.report import DoctorReport


def test_the_public_type_is_the_data_with_methods_that_print() -> None:
    report = gradcheck.doctor(lambda x: float(x @ x), lambda x: 2 * x, np.ones(3), step=1e-7, rng=0, budget=0)
    assert type(report) is gradcheck.DoctorReport is DoctorReport
    assert isinstance(report, DoctorData)
    assert repr(report).startswith("<DoctorReport gradient pass, step-too-small: ")
    assert not report
    assert bool(replace(report, findings=()))
    copy = pickle.loads(pickle.dumps(replace(report, trajectory=None)))
    assert str(copy).splitlines()[0] == str(report).splitlines()[0]


def test_the_training_is_drawn_without_measuring_more() -> None:
    pytest.importorskip("matplotlib")
    calls = []

    def loss(x: np.ndarray) -> float:
        calls.append(1)
        return float(x @ x)

    report = gradcheck.doctor(loss, lambda x: 2 * x, np.ones(3), step=0.1, rng=0, budget=0)
    before = len(calls)
    figure = report.plot()
    assert len(calls) == before
    (axes,) = (axes for part in figure.subfigs for axes in part.axes)
    (line,) = axes.get_lines()
    steps, losses = np.asarray(line.get_xdata(), float), np.asarray(line.get_ydata(), float)
    assert steps[0] == 0 < steps[-1]
    np.testing.assert_allclose(losses, 3 * 0.8 ** (2 * steps))  # x <- x - 0.1 * 2 x


def test_a_wrong_gradient_has_nothing_to_plot() -> None:
    report = gradcheck.doctor(lambda x: float(x @ x), lambda x: x, np.ones(3), rng=0, budget=0)
    with pytest.raises(SubjectError, match="because the gradient is wrong"):
        report.plot()
