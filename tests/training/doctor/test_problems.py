"""Problems with good settings have no finding; those with a planted cause have that cause as the first finding."""

from __future__ import annotations

import numpy as np
import pytest

import gradcheck
from gradcheck.training.doctor.report import DoctorReport
from tests.training.doctor.problems import GOOD_SETTINGS, PLANTED, PLANTED_INPUTS, Make


def diagnosed(make: Make) -> DoctorReport:
    problem = make(np.random.default_rng(0))
    return gradcheck.doctor(problem.network, batch=problem.batch, optimiser=problem.optimiser, rng=0, budget=0)


def test_there_are_twenty_of_each() -> None:
    assert len(GOOD_SETTINGS) == len(PLANTED) == 20


@pytest.mark.parametrize("name", GOOD_SETTINGS)
def test_good_settings_have_no_finding(name: str) -> None:
    report = diagnosed(GOOD_SETTINGS[name])
    assert report.verdict.value == "pass"
    assert report.findings == ()
    assert report


@pytest.mark.parametrize("name", [*PLANTED, *PLANTED_INPUTS])
def test_the_planted_cause_is_the_first_finding(name: str) -> None:
    report = diagnosed((PLANTED | PLANTED_INPUTS)[name])
    planted = (PLANTED | PLANTED_INPUTS)[name](np.random.default_rng(0)).planted
    assert report.verdict.value != "fail"
    assert [finding.slug for finding in report.findings][:1] == [planted]
    assert not report
