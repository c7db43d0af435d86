"""The outermost layer of the command line: script arguments after ``--``, and an exit status whatever happens."""

from __future__ import annotations

import sys
from typing import Any, NoReturn

import click

from gradcheck.app.terminal import abandon, say
from gradcheck.reports.status import CANNOT_RUN, FAULT


class Main(click.Group):
    """A group of commands whose faults end with a status of their own, and one line to report."""

    def main(self, *args: Any, **options: Any) -> NoReturn:
        """Run the command line, and end the process."""
        try:
            status = super().main(*args, **{**options, "standalone_mode": False})
        except click.ClickException as error:
            error.show()
            status = error.exit_code
        except (click.Abort, KeyboardInterrupt):
            say("gradcheck: interrupted")
            status = CANNOT_RUN
        except SystemExit:  # click ends so if the reader of a help text has seen enough
            abandon(sys.stdout)
            status = 0
        except OSError as error:
            say(f"gradcheck: {error.strerror or error}")
            status = CANNOT_RUN
        except Exception as error:
            from gradcheck.app.faults import fault_message, is_fault

            say(f"gradcheck: {fault_message(error) if is_fault(error) else f'{type(error).__name__}: {error}'}")
            status = FAULT if is_fault(error) else CANNOT_RUN
        sys.exit(status if isinstance(status, int) else 0)


class WithArguments(click.Command):
    """A command whose words after ``--`` are the arguments of a script; they are in ``context.meta[ARGUMENTS]``."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Set apart what follows ``--``."""
        end = args.index("--") if "--" in args else len(args)
        ctx.meta[ARGUMENTS] = tuple(args[end + 1 :])
        return super().parse_args(ctx, args[:end])

    def collect_usage_pieces(self, ctx: click.Context) -> list[str]:
        """The parts of the first line of the help."""
        return [*super().collect_usage_pieces(ctx), "[-- ARGUMENTS...]"]


#: Key of the arguments of a script.
ARGUMENTS = "gradcheck.arguments"
