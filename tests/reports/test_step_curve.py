"""The picture of the error against the step."""

from __future__ import annotations

import math
from dataclasses import replace
from xml.etree import ElementTree

from gradcheck.reports.page import page_of
from gradcheck.reports.step_curve import MOST_BLOCKS, step_curve, with_curves
from gradcheck.verdicts.curve import StepGap
from tests.reports.outcomes import failing, passing

CURVE = tuple(
    StepGap(10.0**k, gap, 10.0 ** (-15 - k)) for k, gap in ((-12, 2e-3), (-6, 3e-9), (-1, 1e-3), (0, math.inf))
)[:3]


def block_with(curve: tuple[StepGap, ...], name: str = "W") -> object:
    report = failing().report
    assert report is not None
    return replace(next(iter(report.blocks.values())), name=name, curve=curve)


def test_each_step_is_a_point_inside_the_picture() -> None:
    picture = ElementTree.fromstring(step_curve(block_with(CURVE), 1e-4))  # type: ignore[arg-type]
    points = [(float(dot.get("cx", "nan")), float(dot.get("cy", "nan"))) for dot in picture.iter("circle")]
    assert len(points) == len(CURVE)
    assert [x for x, _ in points] == sorted(x for x, _ in points)
    assert points[1][1] > points[0][1]  # a smaller gap stands lower
    width, height = float(picture.get("width", "nan")), float(picture.get("height", "nan"))
    assert all(0 < x < width and 0 < y < height for x, y in points)
    assert "least 3.0e-09 at a step of 1.0e-06" in picture.get("aria-label", "")
    rounding, gaps = ([p.split(",") for p in line.get("points", "").split()] for line in picture.iter("polyline"))
    assert [float(x) for x, _ in rounding] == [float(x) for x, _ in gaps] == [x for x, _ in points]
    heights = [float(y) for _, y in rounding]
    assert heights == sorted(heights)  # a longer step rounds less
    assert any(text.text == "rtol" for text in picture.iter("text"))


def test_gaps_of_zero_and_steps_of_one_size_can_be_drawn() -> None:
    ElementTree.fromstring(step_curve(block_with((StepGap(1e-3, 0.0, 1e-13), StepGap(1e-2, 5e7, math.inf))), 0.0))  # type: ignore[arg-type]
    ElementTree.fromstring(step_curve(block_with((StepGap(1.0, 0.0, 0.0),)), 1e-4))  # type: ignore[arg-type]


def test_nothing_is_drawn_of_nothing_and_names_are_escaped() -> None:
    assert step_curve(block_with(()), 1e-4) == ""  # type: ignore[arg-type]
    picture = step_curve(block_with(CURVE, "<b>\x1b&'\""), 1e-4)  # type: ignore[arg-type]
    ElementTree.fromstring(picture)
    assert "<b>" not in picture


def test_the_page_shows_it() -> None:
    outcome = failing()
    assert outcome.report is not None
    blocks = {name: replace(block, curve=CURVE) for name, block in outcome.report.blocks.items()}
    page = page_of([replace(outcome, report=replace(outcome.report, blocks=blocks))])
    assert page.count('<svg class="curve"') == len(blocks)
    assert "Error against step" in page
    without = {name: replace(block, curve=()) for name, block in blocks.items()}
    assert "Error against step" not in page_of([replace(outcome, report=replace(outcome.report, blocks=without))])


def test_of_many_blocks_the_worst_are_shown() -> None:
    report = failing().report
    assert report is not None
    wrong, right = next(iter(report.blocks.values())), next(iter(passing().report.blocks.values()))  # type: ignore[union-attr]
    many = {f"p{i}": replace(right, name=f"p{i}", curve=CURVE) for i in range(MOST_BLOCKS + 2)}
    many |= {"bare": replace(wrong, name="bare", curve=()), "last": replace(wrong, name="last", curve=CURVE)}
    assert [block.name for block in with_curves(replace(report, blocks=many))] == [
        *(f"p{i}" for i in range(MOST_BLOCKS - 1)),
        "last",
    ]
