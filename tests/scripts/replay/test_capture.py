"""Running a program up to its training step."""

from __future__ import annotations

from pathlib import Path

import pytest

from gradcheck.errors import TargetError
from gradcheck.scripts.instrument.program import InstrumentedProgram
from gradcheck.scripts.replay.capture import capture, capture_loop
from gradcheck.scripts.replay.step import Step
from gradcheck.scripts.text.source import read
from gradcheck.scripts.text.training_loop import Loop
from tests.scripts.planted import captured, written
from tests.scripts.samples import LINEAR, LINEAR_HEAD, line_of


def test_the_step_starts_with_the_state_at_the_loop(tmp_path: Path) -> None:
    step = captured(tmp_path, LINEAR.replace("for i", "w *= 2\nw0 = w.copy()\nfor i"))
    assert (step.state["w",].value == step.state["w0",].value).all()
    step.release()


def test_the_loop_itself_does_not_run(tmp_path: Path) -> None:
    step = captured(tmp_path, LINEAR.replace("    r =", "    assert i == 0\n    r =") + "raise SystemExit\n")
    assert "r" not in step.scope
    step.release()


def test_the_next_loop_can_be_captured(tmp_path: Path) -> None:
    text = LINEAR + "for j in range(3):\n    w = w - 1.0\n"
    path = written(tmp_path, text)
    first, others = capture(InstrumentedProgram(path, read(path)), ())
    first.release()
    assert [loop.line for loop in others] == [line_of(text, "for j")]


def test_a_function_that_is_never_called_is_reported(tmp_path: Path) -> None:
    with pytest.raises(TargetError, match="never calls it"):
        captured(tmp_path, LINEAR_HEAD + "def f():\n    pass\n", "f")
    with pytest.raises(TargetError, match="no function of that name"):
        captured(tmp_path, LINEAR_HEAD, "f")


def test_a_loop_that_is_never_reached_is_reported(tmp_path: Path) -> None:
    path = written(tmp_path, "def f(w):\n    for i in range(3):\n        w = w - 0.1 * w\n    return w\n")
    program = InstrumentedProgram(path, read(path))
    with pytest.raises(TargetError, match="ended before"):
        capture_loop(program, program.loops[-1], ())


def test_loops_that_never_run_are_not_waited_for_one_by_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    function = "def f{0}(w):\n    for i in range(3):\n        w = w - 0.1 * w\n    return w\n"
    unused = "".join(function.format(n) for n in range(9))
    with pytest.raises(TargetError, match="ended before"):
        captured(tmp_path, f"with open('runs.txt', 'a') as f: f.write('x')\n{unused}")
    assert len((tmp_path / "runs.txt").read_text(encoding="utf-8")) <= 2


def test_a_loop_that_goes_on_for_long_is_taken_for_the_training_loop(tmp_path: Path) -> None:
    better = (
        "def f(w, lr):\n    for i in range(3):\n        dw = w\n        db = w\n        w -= lr * dw\n"
        "        w -= lr * db\n"
    )
    text = LINEAR.replace("range(100)", "range(10**9)") + better
    assert captured(tmp_path, text).loop.line == line_of(text, "for i in range(10**9)")


def test_the_check_runs_while_the_program_stands_at_its_loop(tmp_path: Path) -> None:
    text = (
        LINEAR_HEAD + "f = open(__file__)\nwith f:\n    for i in range(9):\n        w = w - 0.1 * (x.T @ (x @ w - y))\n"
    )
    path = written(tmp_path, text)

    def use(step: Step, others: list[Loop]) -> bool:
        return bool(step.scope["f"].closed)

    assert capture(InstrumentedProgram(path, read(path)), (), None, use) is False
