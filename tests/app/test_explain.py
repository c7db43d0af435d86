"""One page a mistake or a finding about training, and each page's own example is found to be what the page is about."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest
from click.testing import CliRunner

from gradcheck.app.cli import main
from gradcheck.app.explain import UnknownMistake, page, wrapped
from gradcheck.diagnosis.mistakes import MISTAKES
from gradcheck.reports.pages import Page, pages
from gradcheck.training.doctor.causes import CODES

MISTAKE_PAGES = [found for found in pages() if found.code.startswith("GC")]
TRAINING_PAGES = [found for found in pages() if found.code.startswith("GT")]

HEADINGS = ("The mistake", "How it looks in training", "How gradcheck recognises it", "The fix")
TRAINING_HEADINGS = ("What it is", "How it looks in training", "How gradcheck recognises it", "What helps")
IDS = [found.slug for found in MISTAKE_PAGES]


def blocks(found: Page) -> list[str]:
    return re.findall(r"```python\n(.*?)```", found.text, re.DOTALL)


def test_every_mistake_has_a_page_and_every_page_a_mistake() -> None:
    named = {(mistake.code, mistake.slug) for mistake in MISTAKES} | {("GC000", "unexplained")}
    assert {(found.code, found.slug) for found in MISTAKE_PAGES} == named


def test_every_finding_about_training_has_a_page() -> None:
    assert {(found.code, found.slug) for found in TRAINING_PAGES} == {(code, slug) for slug, code in CODES.items()}


@pytest.mark.parametrize("found", TRAINING_PAGES, ids=lambda found: found.slug)
def test_the_example_of_a_training_page_is_found_to_be_what_it_is_about(found: Page) -> None:
    assert tuple(re.findall(r"^## (.+)$", found.text, re.MULTILINE)) == TRAINING_HEADINGS
    assert max(map(len, found.text.splitlines())) <= 120
    space: dict[str, Any] = {}
    exec(blocks(found)[0], space)
    report = space["report"]
    assert report.verdict.value == "pass"
    assert report.findings[0].slug == found.slug, str(report)


@pytest.mark.parametrize("found", MISTAKE_PAGES, ids=IDS)
def test_pages_have_the_same_parts(found: Page) -> None:
    assert tuple(re.findall(r"^## (.+)$", found.text, re.MULTILINE)) == HEADINGS
    assert len(blocks(found)) >= 2
    assert max(map(len, found.text.splitlines())) <= 120


@pytest.mark.parametrize("found", MISTAKE_PAGES, ids=IDS)
def test_the_example_of_a_page_gets_the_name_of_the_page(found: Page) -> None:
    space: dict[str, Any] = {}
    exec(blocks(found)[0], space)
    report = space["report"]
    slugs = [finding.slug for finding in report.findings]
    if found.slug in ("nondeterministic", "mutates-input", "solver-tolerance", "underflow"):
        assert found.slug in slugs
    else:
        assert report.verdict.value == "fail"
        assert slugs[0] == found.slug, str(report)


@pytest.mark.parametrize("name", ["GC302", "gc302", "extra-activation-derivative", "EXTRA_ACTIVATION_DERIVATIVE"])
def test_pages_are_found_by_code_and_slug(name: str) -> None:
    assert page(name).code == "GC302"
    result = CliRunner().invoke(main, ["explain", name])
    assert result.exit_code == 0
    assert result.stdout.startswith("# GC302 extra-activation-derivative\n")


def test_without_a_name_all_are_listed() -> None:
    lines = CliRunner().invoke(main, ["explain"]).stdout.splitlines()
    assert [line.split()[:2] for line in lines] == [[found.code, found.slug] for found in pages()]


def test_an_unknown_name_is_refused_with_the_nearest() -> None:
    with pytest.raises(UnknownMistake, match="did you mean GC201 transposed"):
        page("transpose")


@pytest.mark.parametrize("name", ["GC999", "gc3", "GT", "302"])
def test_an_unknown_code_is_said_not_to_exist(name: str) -> None:
    result = CliRunner().invoke(main, ["explain", name])
    assert result.exit_code == 2
    assert "gradcheck explain" in result.stderr
    assert "did you mean" not in result.stderr


@pytest.mark.parametrize(
    ("name", "near"), [("sign", "mean GC101 sign-flipped?"), ("stale", "GC308 stale-weights or GC309 stale-cache")]
)
def test_a_part_of_a_slug_names_those_that_contain_it(name: str, near: str) -> None:
    result = CliRunner().invoke(main, ["explain", name])
    assert result.exit_code == 2
    assert near in result.stderr


@pytest.mark.parametrize("width", [40, 80, 200])
@pytest.mark.parametrize("found", pages(), ids=lambda found: found.slug)
def test_paragraphs_fill_the_width_and_code_stays_as_it_is(found: Page, width: int) -> None:
    text = wrapped(found.text, width)
    assert text.split() == found.text.split()
    assert blocks(replace(found, text=text)) == blocks(found)
    prose = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
    assert max(len(line) for line in prose.splitlines() if " " in line.strip("* ") and line[0] != "#") <= width
    assert re.findall(r"^#.*$", prose, re.MULTILINE) == re.findall(
        r"^#.*$", re.sub(r"```.*?```", "", found.text, flags=re.DOTALL), re.MULTILINE
    )


def test_a_paragraph_is_one_line_where_that_is_wide_enough() -> None:
    assert wrapped("# Head\n\none\ntwo\n\n* three\n  four\n* five\n", 30) == "# Head\n\none two\n\n* three four\n* five"
    assert wrapped("* three four\n* five", 8) == "* three\n  four\n* five"


@pytest.mark.parametrize(("columns", "width"), [("50", 50), ("100", 100), ("", 80)])
def test_in_a_pipe_the_text_is_as_wide_as_columns_says(columns: str, width: int) -> None:
    result = CliRunner().invoke(main, ["explain", "GC201"], env={"COLUMNS": columns})
    longest = max(len(line) for line in re.sub(r"```.*?```", "", result.stdout, flags=re.DOTALL).splitlines())
    assert width - 12 < longest <= width
