"""Slopes of ⟨u, F⟩ along v: error bars hold, further cotangents are free, wrong rows are found by halving."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gradcheck.probes.evaluator import Evaluator
from gradcheck.probes.user_point import evaluate_user_point
from gradcheck.subjects.maps.claim import JacobianClaim
from gradcheck.subjects.maps.map_subject import MapSubject
from gradcheck.verdicts.maps.forms import Forms
from gradcheck.verdicts.maps.location import judged_entry
from gradcheck.verdicts.maps.rows import clearest_row, wrong_rows

ROWS = 64
MATRIX = np.random.default_rng(0).normal(size=(ROWS, 5)) / 3
POINT = np.random.default_rng(1).normal(size=5)


def right(x: Any) -> Any:
    return np.cos(MATRIX @ x)[:, None] * MATRIX


def forms_of(jacobian: Any) -> Forms:
    subject = MapSubject(lambda x: np.sin(MATRIX @ x), JacobianClaim(jacobian, "jac()", only_here=False), POINT)
    weighed = subject.with_cotangent(np.random.default_rng(2).normal(size=ROWS))
    prober = evaluate_user_point(Evaluator(weighed, 2000), 5e-5, np.random.default_rng(3)).prober
    return Forms(subject, prober.with_measured_noise(), 2000)


def test_error_bars_hold_for_every_output() -> None:
    forms = forms_of(right)
    direction = forms._prober.line().direction
    truth = right(POINT) @ forms.subject.space.array(direction, 0)
    for row in range(ROWS):
        unit = np.eye(ROWS)[row]
        found = forms.slope(unit, direction, target=0.0, cost=24)
        assert abs(found.numeric - truth[row]) <= found.error
        assert found.claimed == pytest.approx(truth[row])
        assert not found.clear


def test_further_cotangents_along_the_same_direction_are_almost_free() -> None:
    forms = forms_of(right)
    direction = forms._prober.line().direction
    forms.slope(np.ones(ROWS), direction, target=1e-9, cost=24)
    calls = forms.subject.evaluations.calls
    for seed in range(20):
        forms.slope(np.random.default_rng(seed).normal(size=ROWS), direction, target=1e-9, cost=24)
    assert forms.subject.evaluations.calls - calls <= 6


@pytest.mark.parametrize("rows", [[7], [0, 63], [3, 4, 5, 40]])
def test_wrong_rows_are_found_by_halving(rows: list[int]) -> None:
    def wrong(x: Any) -> Any:
        j = right(x)
        j[rows] *= 1.01
        return j

    forms = forms_of(wrong)
    direction = forms._prober.line().direction
    u = np.random.default_rng(4).uniform(0.5, 1, ROWS)
    assert wrong_rows(forms, u, direction, range(ROWS), most=16) == rows
    assert wrong_rows(forms, u, direction, range(ROWS), most=0) is None
    assert clearest_row(forms, u, direction, range(ROWS)) in rows


def test_no_row_is_wrong_if_none_is() -> None:
    forms = forms_of(right)
    direction = forms._prober.line().direction
    assert wrong_rows(forms, np.ones(ROWS), direction, range(ROWS), most=16) == []
    assert clearest_row(forms, np.ones(ROWS), direction, range(ROWS)) is None


@pytest.mark.parametrize(
    ("claimed", "numeric", "error", "wrong"),
    [
        (1.0, 1.0 + 1e-5, 1e-9, False),  # below the tolerance
        (1.0, 1.0 + 1e-3, 1e-9, True),
        (1.0, 1.0 + 1e-3, 1e-3, False),  # within the error bar
        (2.0, 1.0, 1e-9, True),
        (0.0, 1e-9, 1e-12, False),  # nothing beside other entries of the block
        (0.0, 1e-2, 1e-12, True),
        (np.nan, 1.0, 1e-9, True),
    ],
)
def test_entries_are_judged_on_their_own_scale(claimed: float, numeric: float, error: float, wrong: bool) -> None:
    assert judged_entry((0, 0), claimed, numeric, error, 5e-5, 1e-3).wrong is wrong
