"""The outermost layer of the command line: every way to end has its status."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
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


def test_a_target_in_place_of_a_command_is_told_from_a_mistyped_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("train.py").touch()
    for typed in ("train.py", "model.py:make"):
        result = CliRunner().invoke(group(), [typed, "--seed", "1"])
        assert result.exit_code == 2
        assert f"Did you mean: gradcheck check {typed} --seed 1" in result.stderr
    result = CliRunner().invoke(group(), ["shwo"])
    assert result.exit_code == 2
    assert "Did you mean 'show'?" in result.stderr
    assert "gradcheck check" not in result.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is full")
@pytest.mark.parametrize("words", [["check", "--no-such-option"], ["no-such-command"], ["check"]])
@pytest.mark.parametrize("stderr", ["full", "closed"])
def test_a_mistake_in_the_usage_never_looks_like_a_wrong_gradient(words: list[str], stderr: str) -> None:
    redirection = "2>/dev/full" if stderr == "full" else "2>&-"
    command = [sys.executable, "-m", "gradcheck", *words]
    done = subprocess.run(["sh", "-c", f'"$@" {redirection}', "sh", *command], capture_output=True)
    assert (done.returncode, done.stdout) == (2, b"")
