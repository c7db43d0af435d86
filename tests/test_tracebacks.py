"""Tracebacks show the frames of the user; those of gradcheck are hidden, unless the fault is its own."""

from __future__ import annotations

import signal
import sys
import traceback
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gradcheck
from gradcheck import check_gradients
from gradcheck.errors import SubjectError
from gradcheck.tracebacks import hides_internal_frames, is_internal, pass_on_signal, user_frames, user_traceback


def failing(x: Any) -> Any:
    return deeper(x)


def deeper(x: Any) -> Any:
    raise ZeroDivisionError("of the user")


def chained(x: Any) -> Any:
    try:
        return deeper(x)
    except ZeroDivisionError as error:
        raise RuntimeError("around it") from error


@pytest.mark.parametrize(("fun", "error"), [(failing, ZeroDivisionError), (chained, RuntimeError)])
def test_only_frames_of_the_user_are_shown(fun: Any, error: type[Exception]) -> None:
    with pytest.raises(error) as caught:
        check_gradients(fun, np.tanh, {"a": np.ones(2)}, rng=0)
    text = user_traceback(caught.value)
    assert f"in {fun.__name__}" in text
    assert "in deeper" in text
    assert "of the user" in text
    for frame in ("gradients.py", "checker.py", "function.py", "optree"):
        assert f'{frame}"' not in text


def test_syntax_error_shows_the_line() -> None:
    with pytest.raises(SyntaxError) as caught:
        compile("x = (1,\ny = 2", "broken.py", "exec")
    assert "broken.py" in user_traceback(caught.value)


ROOT = Path(gradcheck.__file__).parent


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        (ROOT / "checks" / "gradients.py", True),
        (ROOT / "__init__.py", True),
        (ROOT / "app" / "examples" / "xor.py", False),
        (ROOT.parent / "gradcheck_of_mine.py", False),
        (Path(np.__file__), False),
        ("<string>", False),
    ],
)
def test_files_of_the_package_are_internal_but_its_examples_are_not(file: Path | str, expected: bool) -> None:
    assert is_internal(str(file)) is expected


def raised(fun: Any, grad: Any = np.tanh) -> BaseException:
    with pytest.raises(Exception) as caught:  # noqa: PT011
        check_gradients(fun, grad, np.ones(2), rng=0)
    return caught.value


def test_internal_frames_are_hidden_for_errors_of_the_user_only(monkeypatch: pytest.MonkeyPatch) -> None:
    assert hides_internal_frames(raised(failing))
    error = raised(lambda x: None)
    assert isinstance(error, SubjectError | gradcheck.SubjectTypeError)
    assert hides_internal_frames(error)
    monkeypatch.setattr("gradcheck.checks.gradients.check", None)
    assert not hides_internal_frames(raised(lambda x: float(x @ x)))


def handler(number: int, frame: Any) -> None:
    raise TimeoutError


@pytest.mark.skipif(not hasattr(signal, "SIGUSR1"), reason="needs signals")
def test_what_a_signal_handler_raises_is_told_from_what_a_function_raises() -> None:
    before = signal.signal(signal.SIGUSR1, handler)
    try:
        with pytest.raises(TimeoutError) as caught:
            signal.raise_signal(signal.SIGUSR1)
    finally:
        signal.signal(signal.SIGUSR1, before)
    with pytest.raises(TimeoutError):
        pass_on_signal(caught.value)
    for call in (lambda: handler(10, None), lambda: handler(10, sys._getframe(1)), lambda: deeper(3)):
        with pytest.raises((TimeoutError, ZeroDivisionError)) as other:
            call()
        pass_on_signal(other.value)


def test_frames_of_the_user_are_kept_in_their_order() -> None:
    with pytest.raises(ZeroDivisionError) as raised:
        check_gradients(failing, lambda x: x, np.ones(2))
    kept = [frame.f_code.co_name for frame, _ in traceback.walk_tb(user_frames(raised.value))]
    assert kept[-2:] == ["failing", "deeper"]
    assert kept[0] == "test_frames_of_the_user_are_kept_in_their_order"
    files = [frame.f_code.co_filename for frame, _ in traceback.walk_tb(user_frames(raised.value))]
    assert not any(map(is_internal, files))


def test_where_all_frames_are_of_gradcheck_all_are_kept() -> None:
    error = SubjectError("made, not raised")
    assert user_frames(error) is None
