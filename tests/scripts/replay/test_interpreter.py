"""The interpreter as a program expects it, and as it was before."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from gradcheck.scripts.replay.interpreter import Finder, Interpreter, is_library, started


def test_everything_is_put_back_after_an_error() -> None:
    before = sys.argv, list(sys.path), dict(os.environ), Path.cwd(), sys.excepthook
    finder = Finder(lambda *_: None)

    def fail() -> None:
        with started("train.py", ["-x"], finder):
            assert sys.argv == ["train.py", "-x"]
            os.environ["A_B_C"] = "1"
            os.chdir("/")
            sys.path.append("/nowhere")
            sys.excepthook = lambda *_: None
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert before == (sys.argv, list(sys.path), dict(os.environ), Path.cwd(), sys.excepthook)
    assert finder not in sys.meta_path


def test_a_state_is_entered_and_left(tmp_path: Path) -> None:
    before = Interpreter.now()
    other = replace(before, folder=str(tmp_path), arguments=["a"], path=["/b"], environment={b"C": b"d"})
    with other.entered():
        assert (sys.argv, sys.path, dict(os.environ), Path.cwd()) == (["a"], ["/b"], {"C": "d"}, tmp_path)
        assert sys.dont_write_bytecode
    assert Interpreter.now() == before


def test_modules_of_the_user_are_found_and_those_of_packages_are_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "own_helper.py").touch()
    (tmp_path / "own_package").mkdir()
    (tmp_path / "own_package" / "__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    finder = Finder(lambda *_: None)
    assert finder.find_spec("own_helper").origin == str(tmp_path / "own_helper.py")
    assert finder.find_spec("own_package").submodule_search_locations
    assert finder.find_spec("numpy") is None
    assert finder.find_spec("json") is None
    assert finder.find_spec("gradcheck.errors") is None


def test_what_is_a_library(tmp_path: Path) -> None:
    assert is_library(Path(os.__file__))
    assert is_library(tmp_path / "site-packages" / "a.py")
    assert not is_library(tmp_path / "a.py")
