"""The outermost layer of the command line: script arguments after ``--``, and an exit status whatever happens."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import click

from gradcheck.app.terminal import abandon, say, write
from gradcheck.reports.status import CANNOT_RUN, FAULT

#: Key of the arguments of a script in the `meta` of a context.
ARGUMENTS = "gradcheck.arguments"


class Command(click.Command):
    """A command whose help reaches any terminal."""

    def get_help_option(self, ctx: click.Context) -> click.Option | None:
        """The option ``--help``."""
        option = super().get_help_option(ctx)
        if option is not None:
            option.callback = _show_help
        return option


class WithArguments(Command):
    """A command whose words after ``--`` are the arguments of a script; they are in ``context.meta[ARGUMENTS]``."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Set apart what follows ``--``."""
        end = args.index("--") if "--" in args else len(args)
        ctx.meta[ARGUMENTS] = tuple(args[end + 1 :])
        return super().parse_args(ctx, args[:end])

    def collect_usage_pieces(self, ctx: click.Context) -> list[str]:
        """The parts of the first line of the help."""
        return [*super().collect_usage_pieces(ctx), "[-- ARGUMENTS...]"]


class Main(Command, click.Group):
    """A group of commands whose faults end with a status of their own, and one line to report."""

    command_class = Command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command of the first word; what looks like a target is told from a mistyped command."""
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            if ":" in args[0] or Path(args[0]).exists():
                raise click.UsageError(f"Did you mean: gradcheck check {' '.join(args)}", ctx) from None
            raise error

    def main(self, *args: Any, **options: Any) -> NoReturn:
        """Run the command line, and end the process."""
        try:
            status = super().main(*args, **{**options, "standalone_mode": False})
        except click.ClickException as error:
            say(_shown(error))
            status = error.exit_code
        except (click.Abort, KeyboardInterrupt):
            say("gradcheck: interrupted")
            status = CANNOT_RUN
        except SystemExit:  # no command ends so; click does, where it cannot write
            abandon(sys.stdout)
            status = CANNOT_RUN
        except OSError as error:
            say(f"gradcheck: {error.strerror or error}")
            status = CANNOT_RUN
        except Exception as error:
            from gradcheck.app.faults import fault_message, is_fault

            say(f"gradcheck: {fault_message(error) if is_fault(error) else f'{type(error).__name__}: {error}'}")
            status = FAULT if is_fault(error) else CANNOT_RUN
        sys.exit(status if isinstance(status, int) else 0)


def _shown(error: click.ClickException) -> str:
    """What click says of an error, with the usage of the command."""
    text = io.StringIO()
    error.show(text)
    return text.getvalue().rstrip("\n")


def version_option(version: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """The option ``--version``."""

    def show(context: click.Context, parameter: click.Parameter, value: bool) -> None:
        if value and not context.resilient_parsing:
            _end_with(context, f"gradcheck, version {version}")

    return click.option(
        "--version", is_flag=True, is_eager=True, expose_value=False, callback=show, help="Show the version and exit."
    )


def _show_help(context: click.Context, parameter: click.Parameter, value: bool) -> None:
    if value and not context.resilient_parsing:
        _end_with(context, context.get_help())


def _end_with(context: click.Context, text: str) -> NoReturn:
    """Write a text, and end."""
    trouble = write(text)
    if trouble is not None:
        say(f"gradcheck: {trouble}")
    context.exit(CANNOT_RUN if trouble else 0)
