"""Whose exception it is: the user's, or a fault of gradcheck."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gradcheck import check_gradients
from gradcheck.app.faults import SHOW, fault_message, is_fault, message_of, place_of
from gradcheck.errors import TargetError


def caught(run: Any) -> BaseException:
    try:
        run()
    except BaseException as error:
        return error
    raise AssertionError("nothing was raised")


def users(x: Any) -> Any:
    raise LookupError("mine")


def in_a_library(x: Any) -> Any:
    return np.linalg.inv(np.zeros((2, 2)))


@pytest.mark.parametrize("loss", [users, in_a_library])
def test_what_the_users_code_raises_is_no_fault(loss: Any) -> None:
    error = caught(lambda: check_gradients(loss, loss, 1.0))
    assert not is_fault(error)
    assert message_of(error).startswith("the checked code raised ")
    place = place_of(error)
    assert place is not None
    assert place[0] == __file__


def test_what_gradcheck_raises_is_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> Any:
        return np.zeros(2) @ np.zeros(3)

    broken.__code__ = broken.__code__.replace(co_filename=check_gradients.__code__.co_filename)
    error = caught(broken)
    assert is_fault(error)
    line = message_of(error)
    assert "\n" not in line
    assert "gradcheck/checks/gradients.py:" in line
    monkeypatch.setenv(SHOW, "1")
    assert "Traceback (most recent call last)" in fault_message(error)


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (TargetError("say so"), "say so"),
        (SystemExit(3), "called exit(3)"),
        (KeyboardInterrupt(), "interrupted"),
        (MemoryError("big"), "MemoryError: big"),
        (ModuleNotFoundError("No module named 'scipy'"), "gradcheck cannot run here"),
    ],
)
def test_messages_of_other_errors(error: BaseException, message: str) -> None:
    def raising() -> None:
        raise error

    found = caught(raising)
    found.__traceback__ = None
    assert not is_fault(found)
    assert message in message_of(found)


def test_the_place_of_a_syntax_error(tmp_path: Path) -> None:
    error = caught(lambda: compile("x = 1\ny = (\n", str(tmp_path / "a.py"), "exec"))
    assert place_of(error) == (str(tmp_path / "a.py"), 2)
    assert not is_fault(error)
