"""Problems with good settings have no finding, and those with one illness have that one first."""

from __future__ import annotations

import numpy as np
import pytest

import gradcheck
from gradcheck.training.doctor.data import DoctorReport
from tests.training.doctor.problems import HEALTHY, ILL, ILL_TOO, Make


def examined(make: Make) -> DoctorReport:
    problem = make(np.random.default_rng(0))
    return gradcheck.doctor(problem.network, batch=problem.batch, optimiser=problem.optimiser, rng=0, budget=0)


def test_there_are_twenty_of_each() -> None:
    assert len(HEALTHY) == len(ILL) == 20


@pytest.mark.parametrize("name", HEALTHY)
def test_nothing_is_found_where_settings_are_good(name: str) -> None:
    report = examined(HEALTHY[name])
    assert report.verdict.value == "pass"
    assert report.findings == ()
    assert report


@pytest.mark.parametrize("name", [*ILL, *ILL_TOO])
def test_what_was_planted_is_found_first(name: str) -> None:
    report = examined((ILL | ILL_TOO)[name])
    planted = (ILL | ILL_TOO)[name](np.random.default_rng(0)).illness
    assert report.verdict.value != "fail"
    assert [finding.slug for finding in report.findings][:1] == [planted]
    assert not report
