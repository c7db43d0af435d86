"""Functions of NumPy that something has replaced by ones that round, and by ones that compute something else."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gradcheck.scripts.replay.narrowed import narrowed
from gradcheck.verdicts.verdict import Verdict
from tests.scripts.planted import blamed, checked, planted

_DOT = np.dot


def _rounded(*args: Any, **options: Any) -> Any:
    return _DOT(*args, **options).astype("float32")


def _doubled(*args: Any, **options: Any) -> Any:
    return (2 * _DOT(*args, **options)).astype("float32")


def _slightly_off(*args: Any, **options: Any) -> Any:
    return (_DOT(*args, **options) * (1 + 1e-4)).astype("float32")


def _passed_on(*args: Any, **options: Any) -> Any:
    return _DOT(*args, **options)


def _flattened(*args: Any, **options: Any) -> Any:
    return _DOT(*args, **options).astype("float32").ravel()


def test_a_function_that_only_rounds_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(np, "dot", _rounded)
    assert list(narrowed()) == [("dot", _rounded, _DOT)]


@pytest.mark.parametrize("other", [_doubled, _slightly_off, _passed_on, _flattened])
def test_a_function_that_computes_something_else_stays(
    other: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(np, "dot", other)
    assert list(narrowed()) == []


def test_nothing_is_replaced_in_numpy_itself() -> None:
    assert list(narrowed()) == []


_NETWORK = """\
import numpy as np

rng = np.random.default_rng(1)
x, y = rng.standard_normal((30, 4)), rng.standard_normal((30, 2))
v, w = rng.standard_normal((4, 6)), rng.standard_normal((6, 2))
for i in range(50):
    h = np.tanh(np.dot(x, v))
    r = np.dot(h, w) - y
    loss = 0.5 * np.mean(r**2)
    d = r / r.size
    dw = np.dot(h.T, d)
    dv = np.dot(x.T, np.dot(d, w.T) * (1 - h**2))
    w -= 0.1 * dw
    v -= 0.1 * dv
"""


def test_a_program_is_checked_without_the_rounding(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(np, "dot", _rounded)
    report = checked(tmp_path, _NETWORK)
    assert report.verdict is Verdict.PASS, str(report)
    assert any("numpy.dot took the place" in note for note in report.notes)
    assert np.dot is _rounded


def test_a_wrong_line_is_found_behind_the_rounding(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(np, "dot", _rounded)
    text, line = planted(_NETWORK, "(1 - h**2)", "(1 - h)")
    report = checked(tmp_path, text)
    assert report.verdict is Verdict.FAIL
    assert blamed(report) == {line}
