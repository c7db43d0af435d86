"""The figure of a report."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from gradcheck.errors import SubjectError
from tests.reports.outcomes import checked


def panels(figure: Any) -> list[Any]:
    return [axes for part in figure.subfigs for axes in part.axes]


def test_gaps_and_entries_are_drawn() -> None:
    pytest.importorskip("matplotlib")
    figure = checked(1.5).plot()
    first, *maps = panels(figure)
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


def test_without_measured_entries_only_gaps_are_drawn() -> None:
    pytest.importorskip("matplotlib")
    assert len(panels(checked(1.0).plot())) == 1


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
