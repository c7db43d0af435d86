"""Values are replaced where containers and objects hold them, and put back."""

from __future__ import annotations

import io
import sqlite3
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np

from gradcheck.scripts.replay.substitution import harmless, substitute, widened


def test_narrow_floats_become_float64() -> None:
    assert widened(np.ones(2, dtype=np.float32)).dtype == np.float64
    assert type(widened(np.float16(1))) is np.float64
    array, integer = np.ones(2), np.arange(2)
    assert widened(array) is array
    assert widened(integer) is integer


def test_open_files_become_files_in_memory(tmp_path: Path) -> None:
    with (tmp_path / "a.txt").open("w", encoding="utf-8") as file:
        assert isinstance(harmless(file), io.StringIO)
    assert isinstance(harmless(file), io.StringIO)  # closed
    with io.StringIO() as memory:
        assert harmless(memory) is memory
    assert harmless(sys.stdin) is sys.stdin


def test_a_file_that_is_read_line_by_line_is_kept_from_where_it_is(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("1\n2\n3\n", encoding="utf-8")
    with (tmp_path / "a.txt").open(encoding="utf-8") as file:
        assert harmless(file) is file
        next(file)
        assert harmless(file).read() == "2\n3\n"


def test_arrays_and_databases_on_disk_are_copied(tmp_path: Path) -> None:
    array = np.memmap(tmp_path / "a.bin", dtype=np.float64, mode="w+", shape=(2,))
    copy = harmless(array)
    copy[:] = 1
    assert array.tolist() == [0, 0]
    with sqlite3.connect(tmp_path / "a.db") as database:
        database.execute("create table t (a)")
        other = harmless(database)
        other.execute("insert into t values (1)")
        assert not database.execute("select * from t").fetchall()
    database.close()


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
