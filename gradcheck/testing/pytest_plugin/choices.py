"""What is chosen for the checks of a session: by option, by ini setting, and for one test by its marker."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from gradcheck.settings import Defaults

MARKER = (
    "gradcheck(rtol=None, budget=None, seed=None): defaults for the gradient checks that are made within the test; an "
    "argument of a check goes before them."
)

#: What an option is called, how it is read, and what it says of itself.
NUMBERS = {
    "seed": (int, "N", "a whole number", "seed of the checks that are not given rng=, to reproduce them"),
    "rtol": (float, "R", "a number", "relative error of an entry that is tolerated, where a check is not given rtol="),
    "budget": (int, "N", "a whole number", "evaluations of the loss that a check may spend, if not given budget="),
}

#: Suffixes of a report, and what is written into it.
FORMATS = {".json": "json", ".txt": "text"}


def declare(parser: pytest.Parser) -> None:
    """Options, and ini settings of the same names."""
    group = parser.getgroup("gradcheck", "gradient checks (gradcheck)")
    what = "write the reports of all checks there, as JSON or text by its suffix (.json, .txt)"
    for name, metavar, text in (("report", "PATH", what), *((n, v[1], v[3]) for n, v in NUMBERS.items())):
        group.addoption(f"--gradcheck-{name}", dest=f"gradcheck_{name}", metavar=metavar, help=text)
        parser.addini(f"gradcheck_{name}", text, default=None)


def of_session(config: pytest.Config) -> Defaults | None:
    """Defaults for the whole session; None if nothing is chosen.

    Raises
    ------
    pytest.UsageError
        If one of them cannot be used; the message says where it stands.
    """
    return _checked({name: _number(config, name) for name in NUMBERS})


def report_path(config: pytest.Config) -> Path | None:
    """Where the reports are to be written: relative to where pytest was started, from an ini file to the root."""
    source, value = _chosen(config, "report")
    if not value:
        return None
    path = (config.rootpath if source == "gradcheck_report" else config.invocation_params.dir) / value
    if path.suffix not in FORMATS:
        raise pytest.UsageError(f"{source}: {value!r} ends neither in .json nor in .txt, which say what is written")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise pytest.UsageError(f"{source}: {value!r} cannot be written: {error.strerror}") from None
    if path.is_dir():
        raise pytest.UsageError(f"{source}: {value!r} is a directory")
    return path


def of_item(item: pytest.Item) -> Defaults | None:
    """What the markers of a test say, if it has any; that of the function goes before that of its class or module.

    Raises
    ------
    pytest.UsageError
        If a marker has other arguments, or such that cannot be used.
    """
    given: dict[str, Any] = {}
    for marker in item.iter_markers("gradcheck"):
        where = f"{item.nodeid}: the marker gradcheck"
        named = {"seed" if name == "rng" else name: value for name, value in marker.kwargs.items()}
        unknown = [repr(name) for name in named if name not in NUMBERS] + [f"{value!r}" for value in marker.args]
        if unknown or len(named) < len(marker.kwargs):
            raise pytest.UsageError(
                f"{where} takes rtol=, budget= and seed= (or rng=), not {', '.join(unknown) or 'seed and rng both'}"
            )
        given |= {name: (where, value) for name, value in named.items() if name not in given}
    return _checked(given)


def _checked(given: dict[str, tuple[str, Any]]) -> Defaults | None:
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
    read, _, kind, _ = NUMBERS[name]
    source, value = _chosen(config, name)
    if not value:
        return source, None
    try:
        return source, read(value)
    except ValueError:
        raise pytest.UsageError(f"{source}: {value!r} is not {kind}") from None


def _chosen(config: pytest.Config, name: str) -> tuple[str, str | None]:
    """The option if it is given, else the ini setting; and which it was."""
    option = config.getoption(f"gradcheck_{name}")
    if option is not None:
        return f"--gradcheck-{name}", option
    return f"gradcheck_{name}", config.getini(f"gradcheck_{name}")
