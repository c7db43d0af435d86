"""Layout of text: the same lines as `rich` makes, at any width, with the same styles."""

from __future__ import annotations

import io
import random
import re
from typing import Any

import pytest
import rich.constrain
import rich.padding
import rich.table
import rich.text
from rich.cells import cell_len as cells_of_rich
from rich.console import Console
from rich.console import Group as RichGroup

from gradcheck.reports.layout import Constrain, Group, Indented, Layout, Table, Text, cell_len, in_colour, in_plain

PROSE = (
    "the gap exceeds both the error bar and the tolerance.  GC102 constant-factor",
    "‖claimed‖, ‖numeric‖: norms ± 1.5e-10 – a_very_long_name_that_no_line_can_hold_in_one_piece of it",
    "first line\n    an indented line of code = [1, 2, 3]\n\nlast line",
    "世界的梯度 is wide, é is composed and e\u0301 is not",
    "a\tb",
    "",
    " leading blanks, and trailing ones   ",
)
WIDTHS = (40, 60, 80, 10_000)


def of_rich(renderable: Any, width: int, *, colour: bool = False) -> list[str]:
    stream = io.StringIO()
    Console(
        file=stream,
        width=width,
        color_system="standard" if colour else None,
        force_terminal=colour,
        legacy_windows=False,
        _environ={},
    ).print(renderable)
    return [line.rstrip() for line in stream.getvalue().splitlines()]


def own(layout: Layout, width: int) -> list[str]:
    return [line.rstrip() for line in in_plain(layout, width).split("\n")]


@pytest.mark.parametrize("text", PROSE)
@pytest.mark.parametrize("width", WIDTHS)
def test_prose_is_wrapped_as_by_rich(text: str, width: int) -> None:
    assert own(Text(text), width) == (of_rich(rich.text.Text(text), width) or [""])


def drawn(seed: int, longest: int) -> str:
    """Words of some characters, each at most twice as wide as it is long."""
    draw = random.Random(seed)
    words = ["".join(draw.choices("ab±世", k=draw.randint(1, longest))) for _ in range(12)]
    return "".join(word + " " * draw.choice((1, 1, 1, 2)) for word in words)


@pytest.mark.parametrize("seed", range(20))
def test_words_that_fit_are_wrapped_as_by_rich(seed: int) -> None:
    text = drawn(seed, 6)
    for width in range(12, 60):
        assert own(Text(text), width) == of_rich(rich.text.Text(text), width)


@pytest.mark.parametrize("seed", range(20))
def test_words_that_fit_no_line_are_cut_and_leave_no_line_empty(seed: int) -> None:
    text = drawn(seed, 20)
    for width in range(2, 12):
        lines = own(Text(text), width)
        assert all(0 < cell_len(line) <= width for line in lines)
        assert "".join("".join(lines).split()) == "".join(text.split())
    word = text.split()[0]
    assert "".join(own(Text(word), 2)) == word
    assert all(cell_len(line) > 0 for line in own(Text(word), 1))  # what is wider than a line stands alone


@pytest.mark.parametrize("text", [*PROSE, "\u200b", "e\u0301", "✓✗±", "ﬁ", "한국어"])
def test_columns_are_counted_as_by_rich(text: str) -> None:
    assert cell_len(text.replace("\t", " ").replace("\n", "")) == cells_of_rich(
        text.replace("\t", " ").replace("\n", "")
    )


@pytest.mark.parametrize("width", [40, 60, 200])
def test_parts_below_each_other_are_those_of_rich(width: int) -> None:
    mine = Constrain(Group(Text(PROSE[0]), "", Indented(Text(PROSE[1]), 4)), 50)
    parts = (rich.text.Text(PROSE[0]), "", rich.padding.Padding(rich.text.Text(PROSE[1]), (0, 0, 0, 4)))
    assert own(mine, width) == of_rich(rich.constrain.Constrain(RichGroup(*parts), 50), width)


@pytest.mark.parametrize("width", [45, 60, 100])
def test_a_table_folds_one_column_as_by_rich(width: int) -> None:
    rows = [("7", "✗ wrong", "dw = " + " + ".join(f"x{i} * err" for i in range(6)), "w"), ("12", "✓", "db = err", "b")]
    theirs = rich.table.Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for i, header in enumerate(("line", "", "", "with respect to")):
        theirs.add_column(header, justify="right" if i == 0 else "left", no_wrap=i != 2, overflow="fold")
    for row in rows:
        theirs.add_row(*map(rich.text.Text, row))
    mine = Table(("line", "", "", "with respect to"), [list(map(Text, row)) for row in rows], right=[0], fold=2)
    assert own(mine, width) == of_rich(theirs, width)


def test_styles_are_the_codes_of_a_terminal() -> None:
    text = Text("FAIL", "bold red").append("  name", "bold").append(" plain ").append("pass", "green")
    assert in_colour(text, 80) == "\x1b[1;31mFAIL\x1b[0m\x1b[1m  name\x1b[0m plain \x1b[32mpass\x1b[0m"
    theirs = rich.text.Text.assemble(*text.spans)
    assert [in_colour(text, 80)] == of_rich(theirs, 80, colour=True)


@pytest.mark.parametrize("width", [7, 12, 40])
def test_styles_stay_with_their_words_when_a_line_is_broken(width: int) -> None:
    text = Text("one two three", "bold red").append(" four five").append(" six seven eight", "dim")
    words = {word: style for part, style in text.spans for word in part.split()}
    found = {word: style for line in text.lines(width) for part, style in line for word in part.split()}
    assert found == words
    assert re.sub(r"\x1b\[[\d;]*m", "", in_colour(text, width)) == in_plain(text, width)


def test_rich_can_render_it() -> None:
    layout = Group(Text("title", "bold"), Indented(Text(PROSE[1]), 2))
    assert of_rich(RichGroup("above", layout), 40) == ["above", *own(layout, 40)]
