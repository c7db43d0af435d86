"""Running a program up to its training step."""

from __future__ import annotations

from pathlib import Path

import pytest

from gradcheck.errors import TargetError
from gradcheck.scripts.instrument.program import InstrumentedProgram
from gradcheck.scripts.replay.capture import capture, capture_loop
from gradcheck.scripts.text.source import read
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
