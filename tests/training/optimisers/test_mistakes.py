"""Each mistake is named where it is made, and not where something close to it is made."""

from __future__ import annotations

from typing import Any

import pytest

import gradcheck
from gradcheck.training.optimisers.mistakes import MISTAKES
from gradcheck.training.optimisers.report import OptimiserReport
from tests.training.optimisers.right import NUMBERS
from tests.training.optimisers.wrong import HITS, NEAR, SOURCES, Change, rule_of


def checked(reference: str, old: str = "", new: str = "", **options: Any) -> OptimiserReport:
    rule = rule_of(reference, old, new)
    return gradcheck.check_optimiser(rule, reference, rng=0, **{**NUMBERS[reference], **options})


@pytest.mark.parametrize("reference", SOURCES)
def test_unchanged_rules_pass(reference: str) -> None:
    assert checked(reference)


@pytest.mark.parametrize("change", HITS, ids=lambda change: f"{change[0]}: {change[1]} {change[3].strip()[:30]}")
def test_the_mistake_is_named(change: Change) -> None:
    slug, reference, old, new = change
    report = checked(reference, old, new)
    assert report.verdict.value == "fail"
    assert report.mistake == slug, str(report)
    assert report.step is not None
    assert report.term
    assert report.fix


@pytest.mark.parametrize("change", NEAR, ids=lambda change: f"{change[0]}: {change[1]} {change[3].strip()[:30]}")
def test_a_near_miss_is_not_named_so(change: Change) -> None:
    slug, reference, old, new = change
    report = checked(reference, old, new)
    assert report.verdict.value == "fail"
    assert slug not in (report.mistake or ""), str(report)


def test_each_mistake_has_a_hit_and_a_near_miss() -> None:
    slugs = {mistake.slug for mistake in MISTAKES}
    assert {change[0] for change in HITS} == slugs
    assert {change[0] for change in NEAR} == slugs
