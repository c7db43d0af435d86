"""Processes of several targets: none reaches another, and each ends."""

from __future__ import annotations

import pickle
import threading
import time
from pathlib import Path

import pytest

from gradcheck.app.check_target import Choices
from gradcheck.app.child import Request, answer
from gradcheck.app.processes import INTERRUPTED, Processes, check_all
from gradcheck.app.targets import Target
from tests.app.test_check_target import SCRIPT

ENDLESS = "import time\nprint('started')\ntime.sleep(600)\n" + SCRIPT.format(2)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "right.py").write_text("print('größe')\n" + SCRIPT.format(2))
    (tmp_path / "wrong.py").write_text("import sys, numpy\nnumpy.seterr(all='raise')\n" + SCRIPT.format(3))
    (tmp_path / "ends.py").write_text("import os\nos._exit(0)\n" + SCRIPT.format(2))
    (tmp_path / "thread.py").write_text(
        "import threading, time\nthreading.Thread(target=time.sleep, args=(600,)).start()\n" + SCRIPT.format(2)
    )
    (tmp_path / "endless.py").write_text(ENDLESS)
    monkeypatch.chdir(tmp_path)


def test_outcomes_come_in_order_with_what_was_printed() -> None:
    names = ["right.py", "wrong.py", "ends.py", "gone.py", "thread.py"]
    seen: list[tuple[str, str]] = []
    outcomes = check_all(
        [Target(name) for name in names],
        Choices(seed=0),
        jobs=2,
        finished=lambda outcome, printed: seen.append((outcome.target, printed)),
    )
    assert [outcome.target for outcome in outcomes] == [name for name, _ in seen] == names
    assert [outcome.verdict for outcome in outcomes] == ["pass", "fail", "error", "error", "pass"]
    assert seen[0][1] == "größe"
    assert "ended the process, with status 0" in outcomes[2].error


def test_a_target_that_takes_too_long_is_ended() -> None:
    started = time.monotonic()
    (outcome,) = check_all([Target("endless.py")], Choices(), timeout=3)
    assert outcome.error == "the check took more than 3 s (--timeout 3)"
    assert time.monotonic() - started < 60


def test_stopped_processes_end_and_others_do_not_start() -> None:
    processes = Processes()
    found: list[str] = []
    thread = threading.Thread(target=lambda: found.append(processes.check(Target("endless.py"), Choices())[0].error))
    thread.start()
    while not processes._running:
        time.sleep(0.01)
    processes.stop()
    thread.join(60)
    assert found == [INTERRUPTED]
    assert processes.check(Target("right.py"), Choices())[0].error == INTERRUPTED


def test_the_answer_is_complete_or_missing(tmp_path: Path) -> None:
    path = tmp_path / "answer"
    answer(Request(Target("gone.py"), Choices(), str(path)))
    assert pickle.loads(path.read_bytes()).verdict == "error"
    assert not Path(f"{path}.part").exists()
