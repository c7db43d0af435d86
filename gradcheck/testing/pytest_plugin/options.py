"""Options of the checks of a session: command line, ini settings, and the marker of a test."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

if TYPE_CHECKING:
    from gradcheck.settings import Defaults

MARKER = (
    "gradcheck(rtol=None, budget=None, seed=None): defaults for the gradient checks within the test; arguments passed "
    "to a check take precedence."
)


class NumberOption(NamedTuple):
    """An option that is a number.

    Attributes
    ----------
    read : callable
        Converts its text; raises `ValueError` for other texts.
    metavar : str
    kind : str
        What it is, for an error message.
    help : str
    """

    read: Callable[[str], float]
    metavar: str
    kind: str
    help: str


NUMBERS = {
    "seed": NumberOption(int, "N", "a whole number", "seed of the checks without rng=, which makes them reproducible"),
    "rtol": NumberOption(float, "R", "a number", "relative error of an entry tolerated by checks without rtol="),
    "budget": NumberOption(int, "N", "a whole number", "evaluations of the loss allowed to a check without budget="),
}

REPORT_HELP = "file for the reports of all checks; its suffix chooses the format (.html, .json, .sarif, .txt, .xml)"

#: Suffixes of the file of reports, and the format of each.
FORMATS = {".html": "html", ".json": "json", ".sarif": "sarif", ".txt": "text", ".xml": "junit"}


def declare(parser: pytest.Parser) -> None:
    """Declare the command-line options, and the ini settings of the same names."""
    group = parser.getgroup("gradcheck", "gradient checks (gradcheck)")
    described = [("report", "PATH", REPORT_HELP)]
    described += [(name, option.metavar, option.help) for name, option in NUMBERS.items()]
    for name, metavar, text in described:
        group.addoption(f"--gradcheck-{name}", dest=f"gradcheck_{name}", metavar=metavar, help=text)
        parser.addini(f"gradcheck_{name}", text, default=None)


def of_session(config: pytest.Config) -> Defaults | None:
    """Read the defaults for the whole session; None if no option is given.

    Raises
    ------
    pytest.UsageError
        If a value cannot be used; the message names the option or ini setting.
    """
    return _checked({name: _number(config, name) for name in NUMBERS})


def report_path(config: pytest.Config) -> Path | None:
    """Read the path of the file of reports; None if no file is wanted.

    A path of the command line is relative to the working directory, and one of an ini file to pytest's root.

    Raises
    ------
    pytest.UsageError
        If the suffix is unknown, or the file cannot be written there.
    """
    source, value = _given(config, "report")
    if not value:
        return None
    path = (config.rootpath if source == "gradcheck_report" else config.invocation_params.dir) / value
    if path.suffix not in FORMATS:
        *most, last = FORMATS
        raise pytest.UsageError(f"{source}: {value!r} must end in {', '.join(most)} or {last}, which choose the format")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise pytest.UsageError(f"{source}: {value!r} cannot be written: {error.strerror}") from None
    if path.is_dir():
        raise pytest.UsageError(f"{source}: {value!r} is a directory")
    return path


def of_item(item: pytest.Item) -> Defaults | None:
    """Read the markers of a test; None if it has none. That of the function precedes those of its class and module.

    Raises
    ------
    pytest.UsageError
        If a marker has unknown arguments, or values that cannot be used.
    """
    given: dict[str, tuple[str, Any]] = {}
    for marker in item.iter_markers("gradcheck"):
        where = f"{item.nodeid}: the marker gradcheck"
        named = {"seed" if name == "rng" else name: value for name, value in marker.kwargs.items()}
        unknown = [repr(name) for name in named if name not in NUMBERS] + [f"{value!r}" for value in marker.args]
        if unknown or len(named) < len(marker.kwargs):
            raise pytest.UsageError(
                f"{where} takes rtol=, budget= and seed= (or rng=), not {', '.join(unknown) or 'both seed and rng'}"
            )
        given |= {name: (where, value) for name, value in named.items() if name not in given}
    return _checked(given)


def _checked(given: dict[str, tuple[str, Any]]) -> Defaults | None:
    """Make defaults of values by name, each with the place where it is given."""
    if all(value is None for _, value in given.values()):
        return None
    from gradcheck.errors import GradcheckError
    from gradcheck.settings import checked

    for name, (source, value) in given.items():
        try:
            checked(**{name: value})
        except GradcheckError as error:
            raise pytest.UsageError(f"{source}: {error}") from None
    return checked(**{name: value for name, (_, value) in given.items()})


def _number(config: pytest.Config, name: str) -> tuple[str, Any]:
    """Where a number is given, and the number; None if it is not given."""
    source, value = _given(config, name)
    if not value:
        return source, None
    try:
        return source, NUMBERS[name].read(value)
    except ValueError:
        raise pytest.UsageError(f"{source}: {value!r} is not {NUMBERS[name].kind}") from None


def _given(config: pytest.Config, name: str) -> tuple[str, str | None]:
    """Which of option and ini setting is used, and its text; the option takes precedence."""
    option = config.getoption(f"gradcheck_{name}")
    if option is not None:
        return f"--gradcheck-{name}", option
    return f"gradcheck_{name}", config.getini(f"gradcheck_{name}")
