"""Half the square in place of an absolute error."""

from __future__ import annotations

import pytest

from gradcheck.scripts.delta_rule import with_squared_error
from gradcheck.scripts.instrument.events import SourceLocation
from gradcheck.scripts.text.source import Source


def changed(line: str) -> str | None:
    source = Source("train.py", f"a = 1\n{line}\n")
    found = with_squared_error([source, Source("other.py", "b = 2")], SourceLocation(0, "train.py", 2, 0, "", "", ""))
    return None if found is None else found[0].text.split("\n")[1]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("print('Error:' + str(np.mean(np.abs(e))))", "print('Error:' + str(np.sum(0.5 * e ** 2)))"),
        ("    x = np.sum(abs(e))", "    x = np.sum(0.5 * e ** 2)"),
        ("x = np.abs(e).mean()", "x = (0.5 * e ** 2).sum()"),
    ],
)
def test_an_absolute_error_is_replaced(line: str, expected: str) -> None:
    indent = len(line) - len(line.lstrip())
    if indent:
        source = Source("train.py", f"if a:\n{line}\n")
        found = with_squared_error([source], SourceLocation(0, "train.py", 2, 0, "", "", ""))
        assert found is not None
        assert found[0].text.split("\n")[1] == expected
    else:
        assert changed(line) == expected


def test_another_loss_stays() -> None:
    assert changed("print(np.mean(e ** 2))") is None
