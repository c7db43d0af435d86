"""Values are replaced where containers and objects hold them, and put back."""

from __future__ import annotations

import io
import sys
from types import SimpleNamespace

import numpy as np

from gradcheck.scripts.replay.substitution import harmless, substitute, widened


def test_narrow_floats_become_float64() -> None:
    assert widened(np.ones(2, dtype=np.float32)).dtype == np.float64
    assert type(widened(np.float16(1))) is np.float64
    array, integer = np.ones(2), np.arange(2)
    assert widened(array) is array
    assert widened(integer) is integer


def test_open_files_become_files_in_memory() -> None:
    with io.StringIO() as file:
        assert harmless(file) is not file
    assert harmless(sys.stdout) is sys.stdout


def test_values_are_replaced_and_put_back() -> None:
    single = np.ones(2, dtype=np.float32)
    roots = {"a": single, "b": [single, (single, 1)], "net": SimpleNamespace(w=single)}
    replaced = substitute([roots], widened)
    assert roots["a"].dtype == np.float64  # type: ignore[attr-defined]
    assert roots["b"][0] is roots["a"] is roots["b"][1][0] is roots["net"].w  # type: ignore[index,attr-defined]
    for one in reversed(replaced):
        one.undo()
    assert roots["a"] is single
    assert roots["net"].w is single  # type: ignore[attr-defined]
