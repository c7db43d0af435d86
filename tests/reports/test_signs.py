"""Text for any encoding: nothing that cannot be encoded is left, and it can still be read."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradcheck.reports.signs import encodable, in_ascii_json, in_ascii_markup, made_visible, visible
from tests.reports.outcomes import checked, program

ENCODINGS = ["ascii", "latin-1", "cp1252", "cp437", "utf-8", "utf-16", "no-such-encoding"]


@given(st.text(st.characters(exclude_categories=())), st.sampled_from(ENCODINGS))
def test_whatever_is_left_can_be_encoded(text: str, encoding: str) -> None:
    found = encodable(text, encoding)
    found.encode("ascii" if encoding.startswith("no") else encoding)
    if text.isascii():
        assert found == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("‖x‖ 2×3 1e-3 ± 2e-9 – fail", "|x| 2x3 1e-3 +-2e-9 - fail"),
        ("3 ✓  dx\n4 ✗ wrong", "3 ok dx\n4 x wrong"),
        ("14 ✓ dz = x (h)\n✓ ", "14 ok dz = x (h)\nok "),
        ("f′(z) → √2 … σ(z), Δ", "f'(z) -> sqrt2 ... sigma(z), Delta"),
        ("größe é", "grosse e"),
        ("重", "\\u91cd"),
        ("╭──╮ │", "+--+ |"),
    ],
)
def test_signs_have_names_in_ascii(text: str, shown: str) -> None:
    assert encodable(text, "ascii") == shown


def test_only_what_is_missing_is_replaced() -> None:
    assert encodable("größe ± ‖x‖", "cp1252") == "größe ± |x|"
    assert encodable("größe ± ‖x‖", "utf-8") == encodable("größe ± ‖x‖", None) == "größe ± ‖x‖"


def test_columns_stay_aligned() -> None:
    assert len(encodable("1e-3  ± 2e-9  fail", "ascii")) == len("1e-3  ± 2e-9  fail")
    assert len(encodable("17  ✓   dx", "ascii")) == len("17  ✓   dx")


@given(st.text())
def test_json_keeps_its_value_in_ascii(text: str) -> None:
    whole = json.dumps({"text": text}, ensure_ascii=False)
    assert in_ascii_json(whole).isascii()
    assert json.loads(in_ascii_json(whole)) == {"text": text}


def test_markup_keeps_its_value_in_ascii() -> None:
    found = in_ascii_markup("<a>größe \ud800 重</a>")
    assert found.isascii()
    assert ET.fromstring(found).text == "größe \N{REPLACEMENT CHARACTER} 重"


def test_what_controls_a_terminal_becomes_visible() -> None:
    assert visible("\x1b[31mred\x07\r \u202eabc \udce9") == "\\x1b[31mred\\x07\\x0d \\u202eabc \\udce9"
    assert visible("one\n\ttwo größe") == "one\n\ttwo größe"


def test_reports_are_made_visible_in_all_their_texts() -> None:
    report = program("bad\x1bname.py").report
    assert report is not None
    shown = made_visible(report)
    assert "\x1b" not in repr([shown.target, shown.findings, shown.lines, shown.sources])
    assert made_visible(checked(1.5)) == checked(1.5)
