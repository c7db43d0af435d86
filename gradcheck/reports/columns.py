"""A table that keeps one line a row at any width: columns that do not fit are left out, long names are shortened."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gradcheck.reports.layout import GAP, Table, Text, cell_len

#: Room that is kept for the first column, as far as its texts need it, before other columns are left out.
NAME = 24

#: The narrowest first column.
LEAST_NAME = 6


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table.

    Attributes
    ----------
    header : str
    importance : int
        Of columns that do not fit, the least important are left out first. The first column always stays.
    right : bool
        Whether it is aligned to the right.
    """

    header: str
    importance: int = 0
    right: bool = False


def table_of(columns: Sequence[Column], rows: Sequence[Sequence[Text | str]], width: int | None) -> Table:
    """Lay out rows, each in one line.

    Parameters
    ----------
    columns : sequence of Column
        The first holds names.
    rows : sequence of sequence of Text or str
    width : int or None
        Columns of the terminal; None if lines may have any length.
    """
    texts = [[cell if isinstance(cell, Text) else Text(cell) for cell in row] for row in rows]
    natural = [
        max([cell_len(column.header), *(cell_len(row[i].plain) for row in texts)]) for i, column in enumerate(columns)
    ]
    shown = _shown(columns, natural, width)
    room = natural[0] if width is None else max(width - _width(natural, shown[1:]), LEAST_NAME)
    return Table(
        [columns[i].header for i in shown],
        [[_shortened(row[0], room), *(row[i] for i in shown[1:])] for row in texts],
        right=[place for place, i in enumerate(shown) if columns[i].right],
    )


def _shown(columns: Sequence[Column], natural: Sequence[int], width: int | None) -> list[int]:
    """Places of the columns that fit."""
    shown = list(range(len(columns)))
    if width is None:
        return shown
    name = min(natural[0], NAME)
    for i in sorted(shown[1:], key=lambda i: columns[i].importance):
        if name + _width(natural, shown[1:]) <= width or len(shown) <= 2:
            break
        shown.remove(i)
    return shown


def _width(natural: Sequence[int], places: Sequence[int]) -> int:
    return sum(natural[i] + GAP for i in places)


def _shortened(name: Text, room: int) -> Text:
    """A name with its middle left out if it is too long: beginning and end tell more."""
    text, style = name.plain, name.spans[0][1] if name.spans else ""
    if cell_len(text) <= room:
        return name
    if room < 2 * LEAST_NAME:
        return Text(_start(text, room), style)
    end = (room - 3) * 2 // 3
    return Text(f"{_start(text, room - 3 - end)}...{_start(text[::-1], end)[::-1]}", style)


def _start(text: str, room: int) -> str:
    """The longest beginning that is not wider than some columns."""
    while cell_len(text) > room:
        text = text[:-1]
    return text
