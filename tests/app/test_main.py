"""The outermost layer of the command line: every way to end has its status."""

from __future__ import annotations

from typing import Any

import click
import pytest
from click.testing import CliRunner

from gradcheck.app.main import ARGUMENTS, Main, WithArguments


def group(error: BaseException | None = None) -> Main:
    @click.group(cls=Main)
    def main() -> None:
        pass

    @main.command(cls=WithArguments)
    @click.argument("words", nargs=-1)
    @click.pass_context
    def show(context: click.Context, /, words: tuple[str, ...]) -> None:
        if error is not None:
            raise error
        click.echo(f"{words} {context.meta[ARGUMENTS]}")

    return main


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        (["a", "b"], "('a', 'b') ()"),
        (["a", "--", "--b", "--", "c"], "('a',) ('--b', '--', 'c')"),
        (["--", "c"], "() ('c',)"),
    ],
)
def test_what_follows_two_dashes_is_set_apart(typed: list[str], shown: str) -> None:
    assert CliRunner().invoke(group(), ["show", *typed]).stdout.strip() == shown


@pytest.mark.parametrize(
    ("error", "status", "message"),
    [
        (click.UsageError("say so"), 2, "say so"),
        (click.Abort(), 2, "interrupted"),
        (KeyboardInterrupt(), 2, "interrupted"),
        (OSError(28, "No space left on device"), 2, "No space left on device"),
        (ValueError("of this test"), 2, "ValueError: of this test"),
        (SystemExit(1), 2, ""),
        (SystemExit(0), 2, ""),
    ],
)
def test_each_end_has_its_status(error: Any, status: int, message: str) -> None:
    result = CliRunner().invoke(group(error), ["show"])
    assert result.exit_code == status
    assert message in result.stderr
