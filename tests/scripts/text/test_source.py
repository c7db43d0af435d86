"""Scripts and notebooks as Python source."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gradcheck.errors import TargetError
from gradcheck.scripts.text.source import Source, read, without_magics


def notebook(folder: Path, cells: list[str]) -> Path:
    path = folder / "train.ipynb"
    content = {"cells": [{"cell_type": "code", "source": cell} for cell in cells]}
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def test_magics_are_left_out_and_lines_keep_their_numbers(tmp_path: Path) -> None:
    cells = ["%matplotlib inline\na = 1", "%%time\nb = 2", "%%bash\nls", "if a:\n    !ls\n    c = 3"]
    texts = [source.text for source in read(notebook(tmp_path, cells))]
    assert texts == ["pass\na = 1", "\nb = 2", "", "if a:\n    pass\n    c = 3"]


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("files = !ls *.csv\na = 1", "files = []\na = 1"),
        ("x, y = %run other.py", "x, y = None"),
        ("%time w = f(x)", "w = f(x)"),
        ("w = %time f(x)", "w = f(x)"),
        ("w = %timeit f(x)", "w = None"),
        ("%timeit -n 10 f(x)", "f(x)"),
        ("a?\nb = 1", "pass\nb = 1"),
        ("?a", "pass"),
        ("print('%d'\n      % 3)", "print('%d'\n      % 3)"),
        ("text = '''\n!ls\n%a\n'''", "text = '''\n!ls\n%a\n'''"),
        ("%%capture out\n!ls\na = 1", "\npass\na = 1"),
        ("\n%%writefile f.py\na = 1", ""),
    ],
)
def test_syntax_of_notebooks_becomes_python(cell: str, expected: str) -> None:
    assert without_magics(cell) == expected


def test_what_is_neither_python_nor_a_magic_stays(tmp_path: Path) -> None:
    assert without_magics("a = = 1\n%matplotlib inline") == "a = = 1\n%matplotlib inline"


def test_a_file_is_read_in_its_encoding(tmp_path: Path) -> None:
    path = tmp_path / "train.py"
    path.write_bytes("# -*- coding: latin-1 -*-\r\nname = 'é'\r\n".encode("latin-1"))
    assert read(path)[0].text == "# -*- coding: latin-1 -*-\nname = 'é'\n"
    path.write_bytes(b"\xef\xbb\xbfname = 1\n")
    assert read(path)[0].text == "name = 1\n"


def test_each_cell_has_a_name(tmp_path: Path) -> None:
    path = notebook(tmp_path, ["a = 1", "b = 2"])
    assert [source.file for source in read(path)] == [f"{path}, cell 1", f"{path}, cell 2"]


def test_what_is_not_source_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "train.py"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(TargetError, match="not UTF-8"):
        read(path)
    with pytest.raises(TargetError, match="No such file"):
        read(tmp_path / "nothing.py")
    broken = tmp_path / "broken.ipynb"
    broken.write_text("{}", encoding="utf-8")
    with pytest.raises(TargetError, match="not a notebook"):
        read(broken)


def test_a_syntax_error_is_reported_with_its_line() -> None:
    with pytest.raises(TargetError, match=r"train\.py, line 2"):
        Source("train.py", "a = 1\nb = = 2\n").tree()


@pytest.mark.parametrize("name", ["notes.txt", "data.csv", "README.md"])
def test_a_file_that_is_no_program_by_its_name_is_not_run(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("hello")
    with pytest.raises(TargetError, match=r"ends in \.py or \.ipynb"):
        read(tmp_path / name)


@pytest.mark.parametrize("name", ["train.py", "train", "TRAIN.PY", "train.pyw"])
def test_programs_may_have_no_suffix(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("x = 1\n")
    assert [source.text for source in read(tmp_path / name)] == ["x = 1\n"]
