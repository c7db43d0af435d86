"""The cell magic ``%%gradcheck``: check the training loop in a cell of a notebook, with the notebook's variables."""

from __future__ import annotations

import argparse
import copy
import shlex
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any, NoReturn

from gradcheck.errors import GradcheckError, TargetError
from gradcheck.tracebacks import hides_internal_frames, user_frames

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
    transformers = shell.input_transformers_cleanup
    if with_body not in transformers:
        transformers.append(with_body)


def with_body(lines: list[str]) -> list[str]:
    """Lines of a cell; one that is nothing but ``%%gradcheck --help`` gets a body, without which IPython refuses it."""
    if lines and lines[0].split()[:1] == ["%%gradcheck"] and not "".join(lines[1:]).strip():
        return [lines[0].rstrip("\n") + "\n", "pass\n"]
    return lines


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
        from gradcheck.scripts.text.source import Source, without_magics

        try:
            options = _parser().parse_args(shlex.split(line))
            with _undisplayed():
                return check_program(
                    Path(CELL),
                    hints=hints_of(options.loss, options.pair, options.function),
                    sources=[Source(CELL, "\n" + without_magics(cell))],
                    rng=options.seed,
                    namespace={name: _copied(value) for name, value in _variables(shell).items()},
                )
        except _Done:
            return None
        except GradcheckError as error:
            raise _shown_in_a_line(error) from None
        except Exception as error:
            if not hides_internal_frames(error):
                raise
            __tracebackhide__ = True  # IPython leaves this frame out
            raise error.with_traceback(user_frames(error)) from None

    return gradcheck


def _undisplayed() -> AbstractContextManager[object]:
    """Nothing that replays display is shown; outside of IPython nothing is displayed."""
    try:
        from IPython.utils.capture import capture_output
    except ImportError:
        return nullcontext()
    captured: AbstractContextManager[object] = capture_output(stdout=False, stderr=False, display=True)
    return captured


def _variables(shell: Any) -> dict[str, Any]:
    """The notebook's variables, without IPython's own, such as the history of all outputs."""
    hidden = getattr(shell, "user_ns_hidden", {})
    return {name: value for name, value in shell.user_ns.items() if not name.startswith("_") and name not in hidden}


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
