"""The figure of a report."""

from __future__ import annotations

import io
import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from gradcheck.errors import SubjectError
from gradcheck.verdicts.curve import StepGap
from tests.reports.outcomes import checked


def panels(figure: Any) -> list[Any]:
    return [axes for part in figure.subfigs for axes in part.axes]


def test_gaps_and_entries_are_drawn() -> None:
    pytest.importorskip("matplotlib")
    figure = checked(1.5).plot()
    first, curve, *maps = panels(figure)
    assert curve.get_title() == "x: error against step"
    assert [label.get_text() for label in first.get_yticklabels()] == ["x: fail"]
    mark = next(line for line in first.lines if line.get_marker() == "X")
    assert mark.get_xdata()[0] == checked(1.5).blocks["x"].relative_error
    images = [axes.images[0].get_array() for axes in maps if axes.images]
    x = np.arange(1.0, 5.0)
    for image, expected in zip(images, (3 * x, 2 * x, x), strict=True):  # the gradient of the sum of squares is 2 x
        assert np.allclose(image, expected, rtol=1e-6)
    stream = io.BytesIO()
    figure.savefig(stream)
    assert stream.getvalue().startswith(b"\x89PNG")


def titles(figure: Any) -> list[str]:
    return [text for axes in panels(figure) if (text := axes.get_title() or axes.get_title(loc="left"))]


def test_without_measured_entries_gaps_and_curves_are_drawn() -> None:
    pytest.importorskip("matplotlib")
    report = checked(1.0)
    assert titles(report.plot()) == [f"{report.target}: pass", "x: error against step"]
    nothing = replace(report, blocks={"x": replace(report.blocks["x"], curve=())})
    assert titles(nothing.plot()) == [f"{report.target}: pass"]


CURVE = (StepGap(2.0**-20, 0.0, 1e-9), StepGap(2.0**-19, 3e-8, 5e-10), StepGap(0.25, math.inf, 0.0))


def test_a_curve_shows_each_step_with_its_rounding_the_error_bar_and_the_tolerance() -> None:
    pytest.importorskip("matplotlib")
    report = checked(1.0)
    block = replace(report.blocks["x"], curve=CURVE, error_bar=2e-7)
    figure = replace(report, rtol=1e-3, blocks={"x": block}).plot()
    axes = next(axes for axes in panels(figure) if axes.get_title() == "x: error against step")
    bar, rtol, rounding, gaps = axes.lines
    assert (bar.get_ydata()[0], rtol.get_ydata()[0]) == (2e-7, 1e-3)
    assert list(gaps.get_xdata()) == [2.0**-20, 2.0**-19, 0.25]
    assert list(gaps.get_ydata()) == [1e-16, 3e-8, math.inf]  # zero has no logarithm
    assert list(rounding.get_ydata()) == [1e-9, 5e-10, 1e-16]
    figure.savefig(io.BytesIO())


@pytest.mark.parametrize("count", [1, 3, 4, 9])
def test_failing_blocks_have_their_curves_first_and_all_are_explained_once(count: int) -> None:
    pytest.importorskip("matplotlib")
    report, wrong = checked(1.0), checked(1.5).blocks["x"]
    blocks = {f"p{i}": replace(report.blocks["x"], name=f"p{i}", curve=CURVE) for i in range(count)}
    blocks["last"] = replace(wrong, name="last", entries=(), curve=CURVE)
    figure = replace(report, blocks=blocks).plot()
    drawn = titles(figure)[1:]
    assert drawn[0] == "last: error against step"
    assert len(drawn) == min(count + 1, 6)
    assert sum(len(part.legends) for part in figure.subfigs) == 1
    figure.savefig(io.BytesIO())


@pytest.mark.parametrize("style", ["default", "dark_background"])
def test_lines_have_the_colour_of_text_in_light_and_dark(style: str) -> None:
    matplotlib = pytest.importorskip("matplotlib")
    pyplot = pytest.importorskip("matplotlib.pyplot")
    with pyplot.style.context(style):
        figure = checked(1.5).plot()
        ink = matplotlib.rcParams["text.color"]
    dashed = [line for axes in panels(figure) for line in axes.lines if line.get_linestyle() == "--"]
    assert len(dashed) == 2
    assert {line.get_color() for line in dashed} == {ink}


@pytest.mark.parametrize("name", ["$x$", "a\x1b[31mb", "_hidden", "$\\frac{"])
def test_any_name_can_be_drawn(name: str) -> None:
    pytest.importorskip("matplotlib")
    report = checked(1.5)
    figure = replace(report, target=name, blocks={name: replace(report.blocks["x"], name=name)}).plot()
    figure.savefig(io.BytesIO())


def test_without_matplotlib_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("matplotlib", "matplotlib.figure", "matplotlib.colors"):
        monkeypatch.setitem(__import__("sys").modules, module, None)
    with pytest.raises(SubjectError, match=r"pip install 'gradcheck\[plots\]'"):
        checked(1.5).plot()
