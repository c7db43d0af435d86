"""The cell magic ``%%gradcheck``: check the training loop in a cell of a notebook, with the notebook's variables."""

from __future__ import annotations

import argparse
import copy
import shlex
from pathlib import Path
from typing import Any, NoReturn

from gradcheck.errors import GradcheckError, TargetError

#: Name of the cell in reports.
CELL = "this cell"

_DESCRIPTION = (
    "Check the gradient of the training loop in this cell, with the notebook's variables. One iteration is replayed on "
    "copies of them; the loop itself is not run, and the variables stay as they are. The value is the report."
)


def load_ipython_extension(shell: Any) -> None:
    """Register the cell magic; IPython calls this for ``%load_ext gradcheck``.

    ``%%gradcheck [--loss EXPR] [--pair W=dW] [--function NAME] [--seed N]`` replays one iteration of the loop in the
    cell, on copies of the notebook's variables. ``%%gradcheck --help`` lists the options.
    """
    shell.register_magic_function(_magic(shell), "cell", "gradcheck")


class _Done(Exception):
    """The help was shown."""


class _Parser(argparse.ArgumentParser):
    """Options of the magic; a mistake in them does not end the session."""

    def exit(self, status: int = 0, message: str | None = None) -> NoReturn:
        raise _Done

    def error(self, message: str) -> NoReturn:
        raise TargetError(f"%%gradcheck: {message}; %%gradcheck --help lists the options")


def _parser() -> _Parser:
    parser = _Parser(prog="%%gradcheck", description=_DESCRIPTION.replace("%", "%%"), allow_abbrev=False)
    parser.add_argument("--loss", metavar="EXPR", help="the loss, if the cell never computes it")
    parser.add_argument(
        "--pair",
        action="append",
        default=[],
        metavar="W=dW",
        help="dW is the gradient with respect to W; may be repeated",
    )
    parser.add_argument("--function", metavar="NAME", help="the function that performs one training step")
    parser.add_argument("--seed", type=int, metavar="N", help="seed of random numbers")
    return parser


def _magic(shell: Any) -> Any:
    def gradcheck(line: str, cell: str = "") -> Any:
        """Check the gradient of the training loop in this cell; returns the report."""
        from gradcheck.scripts.hints import hints_of
        from gradcheck.scripts.program import check_program
        from gradcheck.scripts.text.source import Source

        try:
            options = _parser().parse_args(shlex.split(line))
            return check_program(
                Path(CELL),
                hints=hints_of(options.loss, options.pair, options.function),
                sources=[Source(CELL, "\n" + cell)],
                rng=options.seed,
                namespace={name: _copied(v) for name, v in shell.user_ns.items() if not name.startswith("_")},
            )
        except _Done:
            return None
        except GradcheckError as error:
            raise _shown_in_a_line(error) from None

    return gradcheck


def _shown_in_a_line(error: GradcheckError) -> Exception:
    """The error as one that IPython shows without a traceback; outside of IPython as it is."""
    try:
        from IPython.core.error import UsageError
    except ImportError:
        return error
    return UsageError(str(error))


def _copied(value: Any) -> Any:
    """Copy a value; what cannot be copied (modules, open files, locks) is passed on as it is."""
    try:
        return copy.deepcopy(value)
    except Exception:
        return value
