"""A teacher: a folder of thirty files of homework, of which two are wrong and three cannot run."""

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


#: Two that are wrong, and as many right ones as make a class of thirty.
WRONG = {"ben": 3, "cid": 5}
RIGHT = [f"ada{number:02}" for number in range(30 - len(WRONG) - len(BROKEN))]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "homework").mkdir()
    right = {name: f"# {name}\n" * number + SCRIPT.format(2) for number, name in enumerate(RIGHT)}
    files = {**right, **{name: SCRIPT.format(factor) for name, factor in WRONG.items()}, **BROKEN}
    for name, text in files.items():
        (tmp_path / "homework" / f"{name}.py").write_text(text)
    (options,) = blocks("teacher", "toml")
    (tmp_path / "pyproject.toml").write_text(options)
    return tmp_path


def test_one_command_grades_the_class(folder: Path) -> None:
    text, page, table = commands("teacher")
    found = typed(text, folder)
    assert found.returncode == 1
    assert found.stdout.splitlines()[-1] == "30 targets: 2 fail, 3 error, 25 pass"
    rows = found.stdout[found.stdout.index("target  ") :].splitlines()[1:31]
    assert [row.split()[1] for row in rows] == ["fail"] * 2 + ["error"] * 3 + ["pass"] * 25
    assert "reproduce with --seed 1" in found.stdout

    assert typed(table, folder).returncode == 1
    with (folder / "class.csv").open(encoding="utf-8", newline="") as stream:
        graded = {Path(row["target"]).stem: row for row in csv.DictReader(stream)}
    assert {name: row["verdict"] for name, row in graded.items()} == {
        **dict.fromkeys(RIGHT, "pass"),
        **dict.fromkeys(WRONG, "fail"),
        **dict.fromkeys(BROKEN, "error"),
    }
    assert (graded["ben"]["codes"], graded["cid"]["codes"]) == ("GC102", "GC102")
    assert "no_such_library" in graded["eve"]["message"]

    assert typed(page, folder).returncode == 1
    shown = (folder / "class.html").read_text(encoding="utf-8")
    assert all(f"{name}.py" in shown for name in graded)
    assert "dw = 3 * w" in shown
