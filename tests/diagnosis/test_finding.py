"""A finding is a value that prints as one line."""

from __future__ import annotations

import dataclasses

import pytest

from gradcheck.diagnosis.finding import Finding

FINDING = Finding("GC101", "sign-flipped", "W1[2, 0]", "The gradient has the wrong sign.", "numbers", "Flip it.")


def test_as_text_it_says_where_what_and_which() -> None:
    assert str(FINDING) == "W1[2, 0]: The gradient has the wrong sign. GC101 sign-flipped"


def test_a_place_in_the_source_and_blocks_are_optional() -> None:
    assert (FINDING.file, FINDING.line, FINDING.blocks) == (None, None, ())


def test_findings_with_the_same_fields_are_equal_and_cannot_be_changed() -> None:
    assert dataclasses.replace(FINDING) == FINDING
    assert dataclasses.replace(FINDING, line=3) != FINDING
    with pytest.raises(dataclasses.FrozenInstanceError):
        FINDING.message = "other"  # type: ignore[misc]
