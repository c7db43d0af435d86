"""From words to targets: files, names, folders and patterns."""

from __future__ import annotations

from pathlib import Path

import pytest

from gradcheck.app.targets import Target, expanded, programs_in

LOOP = "for i in range(3):\n    pass\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("b.py", "a.py", "sub/c.py", "sub/d.ipynb", ".hidden/e.py", "env/f.py", ".g.py", "notes.txt"):
        path = tmp_path / "hw" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(LOOP)
    (tmp_path / "hw" / "env" / "pyvenv.cfg").write_text("")
    monkeypatch.chdir(tmp_path)
    return tmp_path / "hw"


def texts(*words: str) -> list[str]:
    return [Path(target.text).as_posix() for target in expanded(words)[0]]


def test_a_folder_stands_for_its_programs_without_hidden_ones_and_environments(folder: Path) -> None:
    assert texts("hw") == ["hw/a.py", "hw/b.py", "hw/sub/c.py", "hw/sub/d.ipynb"]


def test_a_pattern_stands_for_what_matches(folder: Path) -> None:
    assert texts("hw/*.py") == ["hw/a.py", "hw/b.py"]
    assert texts("hw/**/*.py")[-1] == "hw/sub/c.py"
    assert texts("hw/?.py:make") == ["hw/a.py:make", "hw/b.py:make"]
    assert texts("hw/*") == ["hw/a.py", "hw/b.py"]
    assert texts("hw/*.txt") == ["hw/notes.txt"]


def test_a_file_whose_name_is_a_pattern_is_itself(folder: Path) -> None:
    (folder / "a[1].py").write_text(LOOP)
    assert texts("hw/a[1].py") == ["hw/a[1].py"]


def test_each_target_is_checked_once_in_the_order_given(folder: Path) -> None:
    assert texts("hw/b.py", "hw", "./hw/b.py", "m:f", "m:f")[:2] == ["hw/b.py", "hw/a.py"]
    assert texts("hw/b.py", "hw", "./hw/b.py", "m:f", "m:f").count("hw/b.py") == 1
    assert texts("m:f", "m:g", "m:f") == ["m:f", "m:g"]


@pytest.mark.parametrize(
    ("words", "several"),
    [
        (["hw/a.py"], False),
        (["m:f"], False),
        (["a", "b"], True),
        (["hw/sub"], True),
        (["hw/a*.py"], True),
        ([""], False),
    ],
)
def test_what_may_stand_for_several_targets(folder: Path, words: list[str], several: bool) -> None:
    assert expanded(words)[1] is several


@pytest.mark.parametrize(
    ("word", "problem"), [("hw/empty", "holds no .py or .ipynb file"), ("x*.py", "no file matches")]
)
def test_a_group_without_programs_is_a_problem(folder: Path, word: str, problem: str) -> None:
    (folder / "empty").mkdir()
    (target,) = expanded([word])[0]
    assert problem in target.problem


def test_modules_that_another_file_imports_are_parts_of_it(folder: Path) -> None:
    (folder / "helper.py").write_text("def f(x):\n    return x\n")
    (folder / "alone.py").write_text("def f(x):\n    return x\n")
    (folder / "a.py").write_text("from helper import f\n" + LOOP)
    (folder / "sub" / "c.py").write_text("import hw.b\n" + LOOP)
    names = [path.name for path in programs_in(folder)]
    assert names == ["a.py", "alone.py", "b.py", "c.py", "d.ipynb"]


def test_files_that_are_no_python_are_targets(folder: Path) -> None:
    (folder / "a.py").write_bytes(b"\xff\x00 def (")
    assert "hw/a.py" in texts("hw")


def test_where_a_target_stands(folder: Path) -> None:
    (folder / "a.py").write_text("import os\n\nmodel = 1\n\nclass Net:\n    pass\n\ndef make(): pass\n")
    assert Target("hw/a.py").place == ("hw/a.py", 1)
    assert [Target(f"hw/a.py:{name}").place for name in ("model", "Net.inner", "make", "gone")] == [
        ("hw/a.py", line) for line in (3, 5, 8, 1)
    ]
    assert Target("package.module:name").place is None


def test_what_is_a_program(folder: Path) -> None:
    assert [Target(text).is_program for text in ("gone.py", "n.ipynb", "hw/notes.txt", "a.py:f", "m:f", "hw")] == [
        True,
        True,
        True,
        False,
        False,
        False,
    ]
