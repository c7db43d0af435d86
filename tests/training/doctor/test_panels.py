"""What the plots show: curves with common steps, and a way out that is readable however long it is."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from gradcheck.training.doctor.figure_data import FigureData
from gradcheck.training.doctor.gradient_flow import GradientFlow
from gradcheck.training.doctor.panels import CLIP_FACTOR, PANELS, _on_common_steps, fall_begins, fall_ends, way_out
from gradcheck.training.doctor.trajectory import Trajectory

EMPTY = FigureData("net $x$ <b>", (), None, (), (), (), None, 0.1)


def flow(duration: float, plateau: float) -> GradientFlow:
    """A loss of 1 until `plateau`, which then falls to a half in a straight line."""
    times = np.unique(np.concatenate([np.linspace(0, duration, 50), np.linspace(plateau, duration, 50)]))
    losses = np.where(times <= plateau, 1.0, 1.0 - 0.5 * (times - plateau) / (duration - plateau))
    norms = np.where(times <= plateau, 1e-7, 1.0)
    return GradientFlow(tuple(times), tuple(losses), tuple(norms), duration, 0.5, 100)


def drawn(data: FigureData) -> Any:
    figure = pytest.importorskip("matplotlib.figure").Figure(figsize=(7.6, 5.4), layout="constrained")
    way_out(figure, data)
    figure.draw_without_rendering()
    return figure


def test_curves_share_their_steps_and_diverging_ones_are_clipped() -> None:
    short = Trajectory((0, 2), (8.0, 1.0), np.zeros(1), finite=True)
    long = Trajectory((0, 1, 4), (8.0, 4.0, 1e30), np.zeros(1), finite=True)
    steps, losses = _on_common_steps([short, long])
    assert steps.tolist() == [0, 1, 2, 4]
    assert losses[0].tolist() == [8.0, 8.0, 1.0, 1.0]
    assert losses[1].tolist() == [8.0, 4.0, 4.0, 8.0 * CLIP_FACTOR]


def test_nothing_is_drawn_of_what_was_not_measured() -> None:
    assert [panel.name for panel in PANELS if panel.height(EMPTY)] == []
    trained = replace(EMPTY, trajectory=Trajectory((0, 1, 2), (4.0, 2.0, 1.0), np.zeros(1), finite=True))
    assert [panel.name for panel in PANELS if panel.height(trained)] == ["training"]
    assert [panel.name for panel in PANELS if panel.height(replace(EMPTY, gradient_flow=flow(10.0, 5.0)))] == [
        "way-out"
    ]
    assert [panel.height(replace(EMPTY, gradient_flow=flow(10.0, 5.0), effective_step=None)) for panel in PANELS] == [
        0
    ] * 6


def test_the_fall_begins_at_the_end_of_the_plateau() -> None:
    assert fall_begins(flow(100.0, 90.0)) == pytest.approx(90.0, abs=0.5)
    assert fall_begins(flow(100.0, 10.0)) == pytest.approx(10.0, abs=3.0)


@pytest.mark.parametrize("steps", [1e3, 4e6, 1e9, 3e15])
def test_a_short_fall_after_a_long_way_is_drawn_closer(steps: float) -> None:
    figure = drawn(replace(EMPTY, gradient_flow=flow(0.1 * steps, 0.099 * steps)))
    assert len(figure.axes) == 4
    low, high = figure.axes[1].get_xlim()
    assert low < 0.99 * steps < steps < high  # the whole fall
    assert high - low < 0.03 * steps  # and not much else
    assert figure.axes[1].get_title() == "the fall, closer"


def early(duration: float, fall: float) -> GradientFlow:
    """A loss that falls from 1 to a half in a straight line until `fall`, and stays there."""
    times = np.unique(np.concatenate([np.linspace(0, fall, 50), np.linspace(fall, duration, 50)]))
    losses = np.where(times >= fall, 0.5, 1.0 - 0.5 * times / fall)
    return GradientFlow(tuple(times), tuple(losses), tuple(np.ones_like(times)), None, 0.4, 100)


@pytest.mark.parametrize("steps", [1e3, 4e6, 9e13])
def test_a_fall_at_the_start_of_a_long_way_is_drawn_closer(steps: float) -> None:
    figure = drawn(replace(EMPTY, gradient_flow=early(0.1 * steps, 0.1 * 60)))
    low, high = figure.axes[1].get_xlim()
    assert low < 0 < 60 < high < 120
    assert figure.axes[1].get_title() == "the fall, closer"
    texts = [tick.get_text() for tick in figure.axes[3].get_xticklabels()]
    assert texts[0] == "0"
    assert len(texts) <= 4
    assert 40 <= float(texts[-1]) < 120
    assert figure.axes[3].get_xlabel() == "steps from the start"


def test_the_fall_ends_where_no_more_is_left_and_nowhere_without_one() -> None:
    assert fall_ends(early(100.0, 10.0)) == pytest.approx(10.0, abs=0.5)
    assert fall_ends(flow(100.0, 90.0)) == pytest.approx(100.0, abs=0.5)
    assert fall_ends(replace(early(100.0, 10.0), losses=(1.0,) * 99)) == 0.0


def test_a_long_fall_is_drawn_once() -> None:
    assert len(drawn(replace(EMPTY, gradient_flow=early(4e5, 2e5))).axes) == 2
    figure = drawn(replace(EMPTY, gradient_flow=flow(4e5, 1e5)))
    assert [axes.get_title() for axes in figure.axes] == ["the whole way", ""]


@pytest.mark.parametrize(
    ("steps", "label"),
    [(1e3, "steps of"), (4e6, "millions of steps of"), (9e8, "millions of steps of"), (3e15, "10¹⁵ steps of")],
)
def test_numbers_of_steps_stay_short(steps: float, label: str) -> None:
    figure = drawn(replace(EMPTY, gradient_flow=flow(0.1 * steps, 0.0999 * steps)))
    for axes in figure.axes[2:]:
        texts = [tick.get_text() for tick in axes.get_xticklabels()]
        assert 2 <= len(texts) <= 7
        assert all(len(text) <= 8 for text in texts)
    assert figure.axes[2].get_xlabel().startswith(label)
    largest = float(figure.axes[2].get_xticklabels()[-1].get_text().replace(",", ""))
    unit = {"s": 1.0, "m": 1e6, "1": 1e15}[label[0]]
    assert 0.5 * steps < largest * unit <= 1.1 * steps


@pytest.mark.parametrize(("budget", "shown"), [(1_000_000, True), (None, False), (50_000_000, False)])
def test_the_end_of_the_training_is_marked_where_it_is_before_the_way_out(budget: int | None, shown: bool) -> None:
    figure = drawn(replace(EMPTY, gradient_flow=flow(1e6, 0.99e6), step_budget=budget))  # ten million steps of 0.1
    texts = [text.get_text() for text in figure.axes[0].texts]
    assert ("the training stops after 1,000,000" in texts) == shown
    assert "loss halved after 10 million steps" in texts
