"""Writes results to any terminal, pipe or file: whatever its encoding and width, and also if it is closed or full."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO, cast

from gradcheck.reports.signs import encodable, in_ascii_json, in_ascii_markup, scalar

if TYPE_CHECKING:
    from rich.console import RenderableType

    from gradcheck.reports.layout import Layout

#: The narrowest terminal that text is laid out for.
LEAST_WIDTH = 20

#: Columns of a terminal that does not say how wide it is.
USUAL_WIDTH = 80

#: What takes the place of signs that an encoding lacks, by the kind of text.
_FALLBACKS: dict[str, Callable[[str], str]] = {"json": in_ascii_json, "markup": in_ascii_markup}


@dataclass(frozen=True, slots=True)
class Appearance:
    """How text for people is laid out.

    Attributes
    ----------
    width : int or None
        Columns; None if lines may be long.
    colour : bool
    """

    width: int | None
    colour: bool


def appearance(output: Path | None = None) -> Appearance:
    """How text on standard output, or in a file, should look.

    It is in colour on a terminal, and wherever FORCE_COLOR is set, unless NO_COLOR is set or the terminal is dumb. It
    is as wide as COLUMNS says, or the terminal.
    """
    if output is not None:
        return Appearance(None, colour=False)
    terminal = sys.stdout is not None and sys.stdout.isatty()
    dumb = bool(os.environ.get("NO_COLOR")) or os.environ.get("TERM") == "dumb" or _legacy()
    colour = (terminal or bool(os.environ.get("FORCE_COLOR"))) and not dumb
    if not terminal and not os.environ.get("COLUMNS", "").isdecimal():
        return Appearance(None, colour)
    return Appearance(max(shutil.get_terminal_size((USUAL_WIDTH, 24)).columns, LEAST_WIDTH), colour)


def _legacy() -> bool:
    """Whether this is a console of Windows that shows escape codes as they are."""
    if sys.platform != "win32":
        return False
    from rich.console import detect_legacy_windows

    return bool(detect_legacy_windows())


def laid_out(renderable: RenderableType | Layout, look: Appearance) -> str:
    """Text of what is laid out, or of what rich can render."""
    from gradcheck.reports.rendered import in_colour, plain

    return in_colour(renderable, look.width) if look.colour else plain(renderable, look.width)


def write(text: str, output: Path | None = None, kind: str = "plain") -> str | None:
    """Write a result to standard output, or to a file in UTF-8.

    Parameters
    ----------
    text : str
    output : Path, optional
    kind : {'plain', 'json', 'markup'}
        What the text is, which says how characters are written that the encoding of standard output lacks.

    Returns
    -------
    str or None
        Why it could not be written; None if it was, or if nobody reads it.
    """
    if output is not None:
        try:
            output.write_bytes((_whole(text, kind, "utf-8") + "\n").encode("utf-8"))
        except (OSError, ValueError) as error:
            return f"--output {output}: {getattr(error, 'strerror', None) or error}"
        return None
    return _to_stream(sys.stdout, text + "\n", kind, "standard output")


@contextmanager
def printing_to_stderr() -> Iterator[None]:
    """Let what a checked program prints go to standard error; what cannot be written there is dropped."""
    with redirect_stdout(cast(TextIO, _Notes())):
        yield


class _Notes:
    """Standard error that never fails. It is no stream of `io`, which would close standard error at its end."""

    def write(self, text: str) -> int:
        with suppress(OSError, ValueError, AttributeError):
            sys.stderr.write(text)
        return len(text)

    def flush(self) -> None:
        with suppress(OSError, ValueError, AttributeError):
            sys.stderr.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(sys.stderr, name)


def say(message: str) -> None:
    """Write a line to standard error, if it can be written to."""
    _to_stream(sys.stderr, message + "\n", "plain", "standard error")


def _to_stream(stream: TextIO | None, text: str, kind: str, name: str) -> str | None:
    if stream is None or stream.closed:  # closed by whoever started the program
        return None
    try:
        stream.write(_whole(text, kind, stream.encoding))
        stream.flush()
    except BrokenPipeError:  # the reader has seen enough
        abandon(stream)
    except (OSError, ValueError) as error:
        abandon(stream)
        return f"{name}: {getattr(error, 'strerror', None) or error}"
    return None


def _whole(text: str, kind: str, encoding: str | None) -> str:
    """The text in a form that an encoding can hold."""
    unicode = (encoding or "utf-8").lower().replace("_", "-").startswith("utf")
    if kind not in _FALLBACKS:
        return encodable(text, encoding)
    if not unicode:
        return _FALLBACKS[kind](text)
    if kind == "markup":
        return scalar(text)
    return "".join(in_ascii_json(sign) if "\ud800" <= sign <= "\udfff" else sign for sign in text)


def abandon(stream: Any) -> None:
    """Let what is still in the buffer go nowhere, so that Python does not fail when it flushes it at its end."""
    with suppress(Exception):
        number = stream.fileno()
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, number)
        os.close(nowhere)
