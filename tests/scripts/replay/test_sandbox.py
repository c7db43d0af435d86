"""Replays have no visible effects, and the interpreter's state is put back."""

from __future__ import annotations

import builtins
import logging
import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

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
    before = builtins.open, builtins.input, time.sleep, os.remove, sys.stdin, sys.stdout

    def fail() -> None:
        with sandbox.quiet():
            assert os.remove is not before[3]
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert before == (builtins.open, builtins.input, time.sleep, os.remove, sys.stdin, sys.stdout)


def test_names_that_a_program_has_for_functions_are_replaced_as_well() -> None:
    names: dict[str, Any] = {"wait": time.sleep, "other": len}
    with sandbox.Sandbox([names]).active():
        names["wait"](100)
        assert names["other"] is len
    assert names["wait"] is time.sleep


def test_clocks_and_randomness_of_the_system_repeat_themselves() -> None:
    box = sandbox.Sandbox()
    seen = []
    for _ in range(2):
        with box.active():
            start = time.perf_counter()
            seen.append((start, time.perf_counter() - start, os.urandom(40), np.random.default_rng().random()))
    assert seen[0] == seen[1]
    assert seen[0][1] > 0


def test_other_threads_are_not_concerned() -> None:
    found = []
    ready, done = threading.Event(), threading.Event()

    def other() -> None:
        ready.wait()
        found.append(subprocess.run([sys.executable, "-c", "print(7)"], capture_output=True, check=True).stdout)
        done.set()

    thread = threading.Thread(target=other)
    thread.start()
    with sandbox.quiet():
        ready.set()
        while thread.is_alive():
            pass
    assert [text.strip() for text in found] == [b"7"]
