from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gradcheck import check_gradients
from gradcheck.tracebacks import user_traceback


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
    for frame in ("api.py", "check.py", "function.py", "optree"):
        assert f'{frame}"' not in text


def test_syntax_error_shows_the_line() -> None:
    with pytest.raises(SyntaxError) as caught:
        compile("x = (1,\ny = 2", "broken.py", "exec")
    assert "broken.py" in user_traceback(caught.value)
