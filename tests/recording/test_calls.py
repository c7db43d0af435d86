"""A changed line hands functions that need not look at their arguments only such as they had before."""

from __future__ import annotations

import ctypes
import functools
import math
import operator
import sysconfig
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import special
from scipy.optimize import minimize

import gradcheck
from gradcheck.recording.calls import Calls, is_careful
from gradcheck.recording.trial import TooFar, Trial


def installed(text: str) -> dict[str, Any]:
    """What a file of an installed package defines."""
    file = Path(sysconfig.get_paths()["purelib"]) / "some_library.py"
    space: dict[str, Any] = {"__name__": "some_library", "np": np}
    exec(compile(text, str(file), "exec"), space)
    return space


LIBRARY = installed("""
seen = []

def slope(residual, rows):
    seen.append((residual.shape, residual.dtype, tuple(rows)))
    return 2 * residual[rows]

class Loss:
    def __init__(self, rows=None):
        self.rows = rows

    def slope(self, residual, rows):
        return slope(residual, rows)
""")


class Own:
    def __call__(self, x: Any) -> Any:
        return x

    def method(self, x: Any) -> Any:
        return x


@pytest.fixture
def seen() -> Iterator[list[Any]]:
    LIBRARY["seen"].clear()
    yield LIBRARY["seen"]
    LIBRARY["seen"].clear()


CAREFUL: tuple[Any, ...] = (
    *(np.add, np.add.reduce, np.sum, np.ones(3).dot, np.float64, np.linalg.norm, np.random.default_rng(0).normal),
    *(special.erf, minimize, math.sin, operator.add, len, dict, "a".join, lambda x: x, Own, Own(), Own().method),
    *(functools.partial(np.sum, np.ones(3)), functools.lru_cache(lambda x: x)),
)


@pytest.mark.parametrize(
    "function", CAREFUL, ids=lambda function: getattr(function, "__name__", type(function).__name__)
)
def test_these_look_at_their_arguments(function: Callable[..., Any]) -> None:
    assert is_careful(function)
    assert not is_careful(function, (LIBRARY["slope"],))
    assert not is_careful(function, (), {"key": LIBRARY["slope"]})


@pytest.mark.parametrize(
    "function",
    [
        LIBRARY["slope"],
        LIBRARY["Loss"],
        LIBRARY["Loss"](),
        LIBRARY["Loss"]().slope,
        functools.partial(LIBRARY["slope"], np.ones(3)),
        functools.partial(map, LIBRARY["slope"]),
        functools.partial(sorted, key=LIBRARY["slope"]),
        functools.lru_cache(LIBRARY["slope"]),
        ctypes.CFUNCTYPE(ctypes.c_int)(lambda: 0),
    ],
    ids=lambda function: getattr(function, "__name__", type(function).__name__),
)
def test_these_need_not(function: Callable[..., Any]) -> None:
    assert not is_careful(function)


ROWS = np.array([0, 2])
OTHERS: dict[str, tuple[tuple[Any, ...], dict[str, Any]]] = {
    "another shape": ((np.ones(4), ROWS), {}),
    "another type": ((np.ones(3, dtype=np.float32), ROWS), {}),
    "another order": ((np.ones(6)[::2], ROWS), {}),
    "other indices": ((np.ones(3), ROWS + 1), {}),
    "a number": ((1.0, ROWS), {}),
    "one more": ((np.ones(3), ROWS, None), {}),
    "by name": ((np.ones(3),), {"rows": ROWS}),
}


@pytest.mark.parametrize("other", OTHERS)
def test_only_numbers_may_differ(other: str, seen: list[Any]) -> None:
    calls = Calls()
    calls.note(LIBRARY["slope"], (np.ones(3), ROWS), {})
    trial = Trial(calls)
    for run in (trial.call, trial.pass_on):
        assert run(LIBRARY["slope"], np.zeros(3), ROWS.copy()).shape == (2,)
        with pytest.raises(TooFar):
            run(LIBRARY["slope"], *OTHERS[other][0], **OTHERS[other][1])
    assert len(seen) == 2


def test_what_an_object_holds_is_compared_as_well() -> None:
    one, other = Own(), Own()
    one.__dict__["rows"], other.__dict__["rows"] = ROWS, [ROWS.copy()]
    calls = Calls()
    calls.note(LIBRARY["slope"], (one, [1, "a"], {"k": None}), {})
    assert calls.allow(LIBRARY["slope"], (one, [1, "a"], {"k": None}), {})
    assert not calls.allow(LIBRARY["slope"], (other, [1, "a"], {"k": None}), {})
    assert not calls.allow(LIBRARY["slope"], (one, [2, "a"], {"k": None}), {})
    assert not calls.allow(LIBRARY["slope"], (one, [1, "a"], {"k": 0.5}), {})
    again = Calls()
    again.update(calls)
    assert again.allow(LIBRARY["slope"], (one, [1, "a"], {"k": None}), {})


def sliced(x: np.ndarray) -> np.ndarray:
    """What the library is called with, on another line than the wrong one."""
    rows = np.arange(len(x) - 1)
    inner = LIBRARY["slope"](x, rows)
    return np.append(inner, 2 * x[-1])


def test_no_other_arguments_while_lines_are_looked_for(seen: list[Any]) -> None:
    """Edits of the wrong line make arrays of other shapes, which are passed on."""
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(5, 3)), rng.normal(size=5)

    def fun(w: np.ndarray) -> float:
        return float(np.sum((X @ w - y) ** 2))

    def grad(w: np.ndarray) -> np.ndarray:
        r = sliced(X @ w - y)
        g = X.T @ (r * np.sqrt(len(r) / 7))
        return np.asarray(g)

    report = gradcheck.check_gradients(fun, grad, rng.normal(size=3), rng=0)
    assert report.verdict.value == "fail"
    assert {(shape, dtype, rows) for shape, dtype, rows in seen} == {((5,), np.dtype(float), (0, 1, 2, 3))}
