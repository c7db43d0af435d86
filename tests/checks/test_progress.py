"""Progress bars write to standard error, and let exceptions through."""

from __future__ import annotations

import pytest

from gradcheck.checks.progress import progress_bar


def test_bar_writes_to_standard_error_only(capsys: pytest.CaptureFixture[str]) -> None:
    with progress_bar("model [red]", 100) as tell:
        tell(10, "all blocks together")
        tell(100, "entries of W[0]")
    assert capsys.readouterr().out == ""


def test_bar_lets_exceptions_through() -> None:
    def interrupted() -> None:
        with progress_bar("model", 100) as tell:
            tell(10, "all blocks together")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
