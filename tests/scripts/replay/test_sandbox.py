"""Replays have no visible effects, and the interpreter's state is put back."""

from __future__ import annotations

import builtins
import logging
import os
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from gradcheck.scripts.replay import sandbox


def test_nothing_is_written_printed_asked_or_logged(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "x.txt"
    with sandbox.quiet():
        print("x")
        with open(file, "w", encoding="utf-8") as handle:
            handle.write("x")
        np.save(tmp_path / "x.npy", np.ones(1))
        assert input("x") == ""
        time.sleep(100)
        logging.getLogger().error("x")
    assert list(tmp_path.iterdir()) == []
    assert capsys.readouterr() == ("", "")
    assert not caplog.records


def test_files_can_still_be_read(tmp_path: Path) -> None:
    file = tmp_path / "x.txt"
    file.write_text("data", encoding="utf-8")
    with sandbox.quiet(), open(file, encoding="utf-8") as handle:
        assert handle.read() == "data"


def test_everything_is_put_back_after_an_error() -> None:
    before = builtins.open, builtins.input, time.sleep, np.save, sys.stdout, sys.argv, dict(os.environ)
    finder = sandbox.Finder(Path.cwd(), lambda *_: None)

    def fail() -> None:
        with sandbox.started("train.py", ["-x"], finder), sandbox.quiet():
            assert sys.argv == ["train.py", "-x"]
            os.environ["A_B_C"] = "1"
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert before == (builtins.open, builtins.input, time.sleep, np.save, sys.stdout, sys.argv, dict(os.environ))
    assert finder not in sys.meta_path


def test_modules_of_the_folder_are_found_and_others_are_not(tmp_path: Path) -> None:
    (tmp_path / "helper.py").touch()
    (tmp_path / "package").mkdir()
    (tmp_path / "package" / "__init__.py").touch()
    finder = sandbox.Finder(tmp_path.resolve(), lambda *_: None)
    assert finder.find_spec("helper").origin == str(tmp_path / "helper.py")
    assert finder.find_spec("package").submodule_search_locations
    assert finder.find_spec("numpy") is None
    assert finder.find_spec("os", [str(Path(os.__file__).parent)]) is None
