"""Text of what is laid out by this package, and of what is laid out by `rich`."""

from __future__ import annotations

import rich.text

from gradcheck.reports.layout import Text
from gradcheck.reports.rendered import in_colour, plain


def test_both_kinds_give_the_same_text() -> None:
    words = "some words that are wrapped"
    for width in (10, 80):
        assert plain(Text(words, "bold"), width) == plain(rich.text.Text(words, "bold"), width)


def test_lines_are_not_limited_without_a_width() -> None:
    assert plain(Text("word " * 500)).count("\n") == plain(rich.text.Text("word " * 500)).count("\n") == 0


def test_colours_are_written_whether_or_not_there_is_a_terminal() -> None:
    for text in (Text("x", "bold"), rich.text.Text("x", "bold")):
        assert "\x1b[1m" in in_colour(text, 20)
        assert "\x1b" not in plain(text, 20)
