"""Updates of single entries of several arrays, and values that get another shape."""

from __future__ import annotations

from pathlib import Path

import pytest

from gradcheck.errors import SubjectError
from gradcheck.verdicts.verdict import Verdict
from tests.scripts.planted import blamed, checked, planted

#: Two vectors and two entries of arrays for each pair of a dictionary, as embeddings of words are learnt.
_PAIRS = """\
import numpy as np

rng = np.random.default_rng(1)
one, two = rng.standard_normal((5, 3)), rng.standard_normal((5, 3))
p, q = np.zeros(5), np.zeros(5)
counts = {(0, 2): 1.0, (3, 1): 2.0, (4, 4): 5.0}
for epoch in range(20):
    total = 0
    for (i, j), count in counts.items():
        loss = (np.dot(one[i], two[j]) + p[i] + q[j] - np.log(count)) ** 2
        d = 2 * (np.dot(one[i], two[j]) + p[i] + q[j] - np.log(count))
        old = one[i].copy()
        one[i] -= 0.05 * d * two[j]
        two[j] -= 0.05 * d * old
        p[i] -= 0.05 * d
        q[j] -= 0.05 * d
        total += loss
"""

_SHAPES = """\
import numpy as np

rng = np.random.default_rng(1)
w, v, h = rng.standard_normal((3, 3)), rng.standard_normal((3, 3)), np.zeros((1, 3))
total = 0
for x in range(1, 4):
    before = h.copy()
    h = np.tanh(x * w + before @ v)
    total += np.sum(-np.log(np.exp(x * v)[range(3), 0])) / 3
"""


def test_entries_of_arrays_are_parameters(tmp_path: Path) -> None:
    report = checked(tmp_path, _PAIRS)
    assert report.verdict is Verdict.PASS
    assert set(report.blocks) == {"one[i]", "two[j]", "p[i]", "q[j]"}


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("two[j] -= 0.05 * d * old", "two[j] -= 0.05 * d * one[i]"),
        ("q[j] -= 0.05 * d", "q[j] += 0.05 * d"),
        ("one[i] -= 0.05 * d * two[j]", "one[i] -= 0.05 * d * two[i]"),
    ],
)
def test_a_wrong_update_of_an_entry_is_found(tmp_path: Path, right: str, wrong: str) -> None:
    text, line = planted(_PAIRS, right, wrong)
    report = checked(tmp_path, text)
    assert report.verdict is Verdict.FAIL
    assert blamed(report) - {None} <= {line}


def test_a_value_that_gets_another_shape_is_no_parameter(tmp_path: Path) -> None:
    with pytest.raises(SubjectError):
        checked(tmp_path, _SHAPES)
