"""Functions of libraries that need not look at their arguments get no others while repairs of a script are tried."""

from __future__ import annotations

import sys
import sysconfig
import types
from pathlib import Path

import pytest

from gradcheck.verdicts.verdict import Verdict
from tests.scripts.planted import blamed, checked, planted

PROGRAM = """\
import numpy as np
import {library} as library

rng = np.random.default_rng(0)
X, y = rng.normal(size=(6, 3)), rng.normal(size=(6, 2))
W, V = 0.5 * rng.normal(size=(3, 4)), 0.5 * rng.normal(size=(4, 2))
for step in range(100):
    h = np.tanh(X @ W)
    r = h @ V - y
    loss = np.sum(r**2)
    dr = 2 * r
    dV = h.T @ dr
    back = library.product(dr, V)
    dz = back * (1 - h**2)
    dW = X.T @ dz
    W -= 0.01 * dW
    V -= 0.01 * dV
"""

LIBRARY = """
seen = set()

def product(d, V):
    seen.add((d.shape, V.shape))
    return d @ V.T
"""


def library(folder: str) -> types.ModuleType:
    """A module whose file is in a folder."""
    module = types.ModuleType("some_library")
    module.__file__ = str(Path(folder) / "some_library.py")
    exec(compile(LIBRARY, module.__file__, "exec"), module.__dict__)
    return module


def test_only_arguments_of_recorded_shapes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Among the edits of this line are arrays of other shapes that the next lines accept."""
    installed = library(sysconfig.get_paths()["purelib"])
    monkeypatch.setitem(sys.modules, "some_library", installed)
    text, _ = planted(PROGRAM.format(library="some_library"), "dr = 2 * r", "dr = np.exp(r)")
    assert checked(tmp_path, text).verdict is Verdict.FAIL
    assert installed.seen == {((6, 2), (4, 2))}


def test_repairs_of_other_programs_are_tried(tmp_path: Path) -> None:
    text = PROGRAM.format(library="numpy").replace("library.product(dr, V)", "library.dot(dr, V.T)")
    text, line = planted(text, "dr = 2 * r", "dr = 2 * r * r")
    report = checked(tmp_path, text)
    assert blamed(report) == {line}
    assert "dr = 2 * r" in (report.findings[0].fix or "")
