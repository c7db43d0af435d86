"""Causes are reported before their effects, and trials are run only if something was found."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import gradcheck
from gradcheck.diagnosis.finding import Finding
from gradcheck.training.doctor import diagnose
from gradcheck.training.doctor.causes.cause import Cause

ANY: Any = None


def cause(slug: str, *explained_by: str, applies: bool = True) -> Cause:
    finding = Finding("GT000", slug, "loss", "", "", "") if applies else None
    return Cause("GT000", slug, lambda _: finding, explained_by)


@pytest.mark.parametrize(
    ("causes", "slugs"),
    [
        ([cause("a"), cause("b")], ["a", "b"]),
        ([cause("a"), cause("b", "a")], ["a"]),
        ([cause("a", applies=False), cause("b", "a")], ["b"]),
        ([cause("a"), cause("a")], ["a"]),
    ],
)
def test_a_cause_that_another_explains_is_not_reported(
    causes: list[Cause], slugs: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(diagnose, "CAUSES", tuple(causes))
    assert [finding.slug for finding in diagnose.causes_found(ANY)] == slugs


@pytest.mark.parametrize(("step", "tried"), [(0.1, False), (1.1, True)])
def test_trials_are_run_only_for_training_that_does_not_work(step: float, tried: bool) -> None:
    report = gradcheck.doctor(lambda x: float(x @ x), lambda x: 2 * x, np.ones(3), step=step, rng=0, budget=5, seeds=1)
    assert bool(report.trials) is tried
    assert len(report.trial_runs) == len(report.trials)
