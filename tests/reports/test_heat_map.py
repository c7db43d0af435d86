"""Heat maps of blocks."""

from __future__ import annotations

import math
import xml.etree.ElementTree as ET
from dataclasses import replace

from gradcheck.reports.heat_map import colour, grid, heat_maps
from tests.reports.outcomes import checked


def test_claimed_numerical_and_their_difference() -> None:
    maps = heat_maps(checked(1.5).blocks["x"])
    assert [title.partition(",")[0] for title, _ in maps] == ["claimed", "numerical", "claimed minus numerical"]
    for _, picture in maps:
        root = ET.fromstring(picture)
        assert len(root.findall("rect")) == 4
        assert root.attrib["role"] == "img"
        assert root.attrib["aria-label"].startswith("x, ")
    first = ET.fromstring(maps[0][1]).find("rect/title")
    assert first is not None
    assert first.text == "[0]: 3 (wrong)"


def test_a_block_that_was_not_measured_has_none() -> None:
    assert heat_maps(checked(1.0).blocks["x"]) == []


def test_names_are_escaped() -> None:
    block = replace(checked(1.5).blocks["x"], name='"><script>\x1b')
    for _, picture in heat_maps(block):
        assert ET.fromstring(picture).attrib["aria-label"].startswith('"><script>\\x1b, ')


def test_colours_go_from_negative_over_neutral_to_positive() -> None:
    assert colour(0.0, 1.0) == colour(3.0, 0.0) == "#f7f7f7"
    assert colour(-1.0, 1.0) == "#0072b2"
    assert colour(2.0, 1.0) == "#d55e00"
    assert colour(math.nan, 1.0) == "#8c8c8c"


def test_the_last_axis_goes_to_the_right() -> None:
    assert grid(()) == (1, 1)
    assert grid((3,)) == (1, 3)
    assert grid((2, 3)) == (2, 3)
    assert grid((2, 3, 4)) == (6, 4)
    assert grid((0,)) == (0, 0)
