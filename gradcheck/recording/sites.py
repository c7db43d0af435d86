"""Places in the author's source: the units that a report names, and the expressions inside them."""

from __future__ import annotations

import io
from dataclasses import dataclass

#: First line and column, last line and column, as in a node of the syntax tree.
Span = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class Unit:
    """What one line assigns, returns or calls: the smallest thing that is accused.

    Attributes
    ----------
    file : str
    line : int
        The line that a report shows.
    span : tuple of int
        Of the expression that is computed.
    text : str
        Source of the statement, or of the entry of a display, in one line.
    target : str
        What it is assigned to, as it is written; the function for what is returned.
    function : str
        Qualified name of the function that contains it.
    is_result : bool
        Whether it is returned, or an entry of a display, and not assigned to a name.
    """

    file: str
    line: int
    span: Span
    text: str
    target: str
    function: str
    is_result: bool = False


@dataclass(frozen=True, slots=True)
class Site:
    """An expression of the source that makes a value.

    Attributes
    ----------
    unit : int
        Number of the unit that contains it.
    span : tuple of int
    text : str
    """

    unit: int
    span: Span
    text: str


def span_of(node: object) -> Span:
    """The place of a node of the syntax tree."""
    line, column = getattr(node, "lineno", 0), getattr(node, "col_offset", 0)
    return line, column, getattr(node, "end_lineno", line) or line, getattr(node, "end_col_offset", column) or column


def segment(text: str, span: Span) -> str:
    """What stands at a place of a text."""
    start, end = _offsets(text, span)
    return text.encode()[start:end].decode()


def replaced(text: str, span: Span, new: str) -> str:
    """A text with something else at a place."""
    start, end = _offsets(text, span)
    whole = text.encode()
    return (whole[:start] + new.encode() + whole[end:]).decode()


def rows_of(text: str) -> list[str]:
    """The lines of a source, as Python counts them: those that end with a line feed, and with no other character."""
    return io.StringIO(text).readlines()


def _offsets(text: str, span: Span) -> tuple[int, int]:
    starts = [0]
    for line in rows_of(text):
        starts.append(starts[-1] + len(line.encode()))
    return starts[span[0] - 1] + span[1], starts[span[2] - 1] + span[3]
