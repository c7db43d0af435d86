"""A report holds its data and prints it."""

from __future__ import annotations

import pickle
from dataclasses import replace

import numpy as np

import gradcheck
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
