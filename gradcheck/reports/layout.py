"""Lays text out in columns: words that wrap, tables that fold, with or without colours.

What is laid out here can also stand in what the library `rich` lays out. It is not made by that library, which takes
longer to load than a check takes.
"""

from __future__ import annotations

import abc
import re
import unicodedata
from collections.abc import Iterator, Sequence
from typing import Any

#: A text and its style, such as ``"bold red"``.
Span = tuple[str, str]
Line = list[Span]

#: Codes of styles in a terminal (ECMA-48, SGR).
_CODES = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33", "magenta": "35"}

#: Columns between two columns of a table.
GAP = 2

_WORD = re.compile(r"\s*\S+\s*")

#: General categories of characters that take no column: marks on the character before, and formats.
_WITHOUT_WIDTH = ("Mn", "Me", "Cf")


def cell_len(text: str) -> int:
    """Columns that a text takes in a terminal (Unicode Standard Annex 11)."""
    return len(text) if text.isascii() else sum(map(_cells, text))


def _cells(sign: str) -> int:
    if unicodedata.category(sign) in _WITHOUT_WIDTH:
        return 0
    return 2 if unicodedata.east_asian_width(sign) in "WF" else 1


class Layout(abc.ABC):
    """Something that can be laid out in a number of columns."""

    @abc.abstractmethod
    def lines(self, width: int | None) -> list[Line]:
        """The lines, none of them wider than `width` if that can be; None if they may have any width."""

    def __rich_console__(self, console: Any, options: Any) -> Iterator[Any]:
        """Called by rich."""
        from rich.text import Text as RichText

        for line in self.lines(options.max_width):
            yield RichText.assemble(*line, no_wrap=True, overflow="ignore")


class Text(Layout):
    """A text with styles. Lines that are too long are wrapped between words, and words that are too long are cut.

    Parameters
    ----------
    text, style : str
    """

    def __init__(self, text: str = "", style: str = "") -> None:
        self.spans: Line = [(text, style)] if text else []

    def append(self, text: str, style: str = "") -> Text:
        """Add a text; returns this one."""
        self.spans.append((text, style))
        return self

    @property
    def plain(self) -> str:
        """The text without styles."""
        return "".join(text for text, _ in self.spans)

    def lines(self, width: int | None) -> list[Line]:
        """The lines of the text."""
        found: list[Line] = []
        for line in _split(self.spans):
            breaks = [] if width is None else _breaks("".join(text for text, _ in line), max(width, 1))
            found += [_stripped(part) for part in _cut(line, breaks)]
        return found


class Group(Layout):
    """Things below each other; a string is a text without styles."""

    def __init__(self, *parts: Layout | str) -> None:
        self.parts = [Text(part) if isinstance(part, str) else part for part in parts]

    def lines(self, width: int | None) -> list[Line]:
        """The lines of all parts."""
        return [line for part in self.parts for line in part.lines(width)]


class Constrain(Layout):
    """Something that is not wider than a number of columns."""

    def __init__(self, part: Layout, width: int) -> None:
        self.part, self.width = part, width

    def lines(self, width: int | None) -> list[Line]:
        """The lines of the part."""
        return self.part.lines(self.width if width is None else min(width, self.width))


class Indented(Layout):
    """Something that begins some columns further to the right."""

    def __init__(self, part: Layout, by: int) -> None:
        self.part, self.by = part, by

    def lines(self, width: int | None) -> list[Line]:
        """The lines of the part."""
        room = None if width is None else width - self.by
        return [[(" " * self.by, ""), *line] for line in self.part.lines(room)]


class Table(Layout):
    """A table without lines.

    Parameters
    ----------
    headers : sequence of str
    rows : sequence of sequence of Text
    right : collection of int
        Columns that are aligned to the right.
    fold : int, optional
        The column whose texts are wrapped where the table is too wide.
    """

    def __init__(
        self, headers: Sequence[str], rows: Sequence[Sequence[Text]], right: Sequence[int] = (), fold: int | None = None
    ) -> None:
        self.headers, self.right, self.fold = list(headers), frozenset(right), fold
        self.rows = [[Text(header, "dim") for header in headers], *rows]

    def lines(self, width: int | None) -> list[Line]:
        """The header and the rows."""
        widths = [max(cell_len(row[i].plain) for row in self.rows) for i in range(len(self.headers))]
        if self.fold is not None and width is not None:
            others = sum(widths) - widths[self.fold] + GAP * (len(widths) - 1)
            widths[self.fold] = max(min(widths[self.fold], width - others), 1)
        return [line for row in self.rows for line in self._row(row, widths)]

    def _row(self, row: Sequence[Text], widths: Sequence[int]) -> Iterator[Line]:
        cells = [cell.lines(widths[i] if i == self.fold else None) or [[]] for i, cell in enumerate(row)]
        for number in range(max(map(len, cells))):
            line: Line = []
            for i, parts in enumerate(cells):
                own = parts[number] if number < len(parts) else []
                room = (" " * (widths[i] - sum(cell_len(text) for text, _ in own)), "")
                line += [room, *own] if i in self.right else [*own, room]
                line.append((" " * GAP, ""))
            yield _stripped(line)


def in_plain(layout: Layout, width: int | None) -> str:
    """The text without styles."""
    text = "\n".join("".join(text for text, _ in line) for line in layout.lines(width))
    return "\n".join(line.rstrip() for line in text.splitlines())


def in_colour(layout: Layout, width: int | None) -> str:
    """The text with the escape codes of its styles."""
    lines = layout.lines(width)
    return "\n".join("".join(_coloured(text, style) for text, style in line) for line in lines).rstrip("\n")


def _coloured(text: str, style: str) -> str:
    codes = ";".join(_CODES[word] for word in style.split())
    return f"\x1b[{codes}m{text}\x1b[0m" if codes and text else text


def _split(spans: Line) -> list[Line]:
    """The lines of a text as they are written."""
    found: list[Line] = [[]]
    for text, style in spans:
        first, *others = text.split("\n")
        found[-1].append((first.expandtabs(8), style))
        found += [[(other.expandtabs(8), style)] for other in others]
    return found


def _breaks(text: str, width: int) -> list[int]:
    """Where a line is broken: before words that do not fit, and within words that fit no line."""
    found: list[int] = []
    used = 0
    for match in _WORD.finditer(text):
        word, start = match[0], match.start()
        if cell_len(word.rstrip()) > width - used:
            if start and used:
                found.append(start)
            used = 0
            for place in _folds(word.rstrip(), width):
                found.append(start + place)
                word = match[0][place:]
        used += cell_len(word)
    return found


def _folds(word: str, width: int) -> Iterator[int]:
    """Places at which a word is cut so that its parts fit."""
    used = 0
    for place, sign in enumerate(word):
        cells = _cells(sign)
        if used + cells > width and place:
            yield place
            used = 0
        used += cells


def _cut(line: Line, breaks: Sequence[int]) -> Iterator[Line]:
    """A line in parts that begin at some places."""
    part: Line = []
    place, left = 0, list(breaks)
    for text, style in line:
        while left and left[0] < place + len(text):
            end = left.pop(0) - place
            yield [*part, (text[:end], style)]
            part, text, place = [], text[end:], place + end
        part.append((text, style))
        place += len(text)
    yield part


def _stripped(line: Line) -> Line:
    """A line without blanks at its end."""
    line = list(line)
    while line:
        text, style = line.pop()
        if text.rstrip():
            return [*line, (text.rstrip(), style)]
    return []
