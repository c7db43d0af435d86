"""The report as text."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import gradcheck


def parabola(step: float, factor: float = 2.0, **options: Any) -> gradcheck.DoctorReport:
    return gradcheck.doctor(
        lambda x: float(x @ x), lambda x: factor * x, np.ones(3), step=step, rng=0, seeds=1, **options
    )


def test_a_wrong_gradient_comes_first_and_the_training_is_left_out() -> None:
    text = str(parabola(0.1, factor=3.0))
    assert text.index("GC102") < text.index("GRADIENT WRONG")
    assert "Fix the gradient first; the training was not analysed." in text


def test_findings_trials_and_cost_are_shown_in_this_order() -> None:
    text = str(parabola(1.1, budget=20))
    parts = [
        "GRADIENT RIGHT",
        "gradient descent, step 1.1",
        "steps the loss goes from 3 to",
        "GT107 step-too-large",
        "Measured trials (equal number of steps, best first):",
        "step ÷ 10",
        "Details: gradcheck explain GT107",
        "reproduce with rng=0",
    ]
    assert [text.index(part) for part in parts] == sorted(text.index(part) for part in parts)


def test_a_run_that_diverges_says_so_instead_of_a_number() -> None:
    text = str(parabola(1.1, budget=800))
    assert "inf" not in text.replace("finite", "")


def test_training_that_works_says_that_nothing_was_found() -> None:
    report = parabola(0.1, budget=0)
    assert "No problem was found." in str(report)
    assert report
    assert repr(report).startswith("<DoctorReport gradient pass, nothing found: ")


@pytest.mark.parametrize("width", [60, 110])
def test_lines_fit_the_width(width: int) -> None:
    from gradcheck.training.doctor.text import text_of

    assert max(map(len, text_of(parabola(1.1, budget=20), width).splitlines())) <= width
