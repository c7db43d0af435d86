"""A teacher: a folder of homework, of which some files are wrong and some cannot run."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from tests.app.test_check_target import SCRIPT
from tests.doors.sessions import blocks, commands, typed

BROKEN = {
    "eve": "import no_such_library\n" + SCRIPT.format(2),
    "fay": "def f(:\n",
    "gus": "import sys\nsys.exit(0)\n" + SCRIPT.format(2),
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "homework").mkdir()
    files = {"ada": SCRIPT.format(2), "ben": SCRIPT.format(3), **BROKEN}
    for name, text in files.items():
        (tmp_path / "homework" / f"{name}.py").write_text(text)
    (options,) = blocks("teacher", "toml")
    (tmp_path / "pyproject.toml").write_text(options)
    return tmp_path


def test_one_command_grades_the_class(folder: Path) -> None:
    text, page, table = commands("teacher")
    found = typed(text, folder)
    assert found.returncode == 1
    assert found.stdout.splitlines()[-1] == "5 targets: 1 fail, 3 error, 1 pass"
    rows = found.stdout[found.stdout.index("target  ") :].splitlines()[1:6]
    assert [row.split()[1] for row in rows] == ["fail", "error", "error", "error", "pass"]
    assert "reproduce with --seed 1" in found.stdout

    assert typed(table, folder).returncode == 1
    with (folder / "class.csv").open(encoding="utf-8", newline="") as stream:
        graded = {Path(row["target"]).stem: row for row in csv.DictReader(stream)}
    assert {name: row["verdict"] for name, row in graded.items()} == {
        "ada": "pass",
        "ben": "fail",
        **dict.fromkeys(BROKEN, "error"),
    }
    assert graded["ben"]["codes"] == "GC102"
    assert "no_such_library" in graded["eve"]["message"]

    assert typed(page, folder).returncode == 1
    shown = (folder / "class.html").read_text(encoding="utf-8")
    assert all(f"{name}.py" in shown for name in graded)
    assert "dw = 3 * w" in shown
