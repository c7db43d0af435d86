"""A program as a subject."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from gradcheck.scripts.subject import ProgramSubject
from tests.scripts.planted import analysed
from tests.scripts.samples import TWO_LAYERS


def test_a_program_is_a_function_of_its_parameters(tmp_path: Path) -> None:
    analysis = analysed(tmp_path, TWO_LAYERS)
    subject = ProgramSubject(analysis.base, analysis.loss, analysis.parameters, "train.py")
    assert [block.name for block in subject.blocks] == ["W1", "b1", "W2"]
    gradient = subject.gradient(subject.point)
    direction = tuple(np.ones(x.shape) for x in subject.point)
    ends = [
        subject.loss(tuple(x + sign * 1e-5 * v for x, v in zip(subject.point, direction, strict=True)))
        for sign in (1, -1)
    ]
    expected = sum(float(g.sum()) for g in gradient)
    np.testing.assert_allclose((ends[0] - ends[1]) / 2e-5, expected, rtol=1e-7)
