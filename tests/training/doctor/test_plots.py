"""The plots as files, as one figure, and as SVG."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import gradcheck
from gradcheck.app.examples.xor import BATCH, QuestionNetwork
from gradcheck.errors import SubjectError
from gradcheck.training.doctor.figure_data import FigureData
from gradcheck.training.doctor.plots import drawable, figure_of


def test_plots_are_written_as_svg_and_png(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    report = gradcheck.doctor(
        QuestionNetwork(), batch=BATCH, steps=1_000_000, rng=0, budget=20, seeds=2, plots=tmp_path / "plots"
    )
    written = {path.name for path in (tmp_path / "plots").iterdir()}
    names = ("trials", "way-out", "gradients", "slices")
    assert written == {f"{name}.{end}" for name in names for end in ("svg", "png")}
    assert (tmp_path / "plots" / "trials.png").read_bytes().startswith(b"\x89PNG")
    assert "RMSProp" in (tmp_path / "plots" / "trials.svg").read_text(encoding="utf-8")
    assert any(note.startswith("Plots:") for note in report.notes)
    assert report.figures is not None
    assert [panel.name for panel, _ in drawable(report.figures)] == list(names)
    figure = figure_of(report.figures)
    assert figure.get_figheight() == pytest.approx(sum(height for _, height in drawable(report.figures)))
    assert len(figure.subfigs) == len(names)


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(SubjectError, match="plots="):
        gradcheck.doctor(
            lambda x: float(x @ x), lambda x: 2 * x, np.ones(2), rng=0, budget=0, plots=tmp_path / "file" / "plots"
        )


def test_settings_of_matplotlib_stay() -> None:
    matplotlib = pytest.importorskip("matplotlib")
    before = dict(matplotlib.rcParams)
    gradcheck.doctor(lambda x: float(x @ x), lambda x: 2 * x, np.ones(2), rng=0, budget=0).plot()
    assert dict(matplotlib.rcParams) == before


def test_what_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    data = FigureData("empty", (), None, (), (), (), None, None)
    with pytest.raises(SubjectError, match="nothing to plot"):
        figure_of(data)
    report = gradcheck.doctor(lambda x: float(x @ x), lambda x: 2 * x, np.ones(2), rng=0, budget=0)
    monkeypatch.setitem(__import__("sys").modules, "matplotlib", None)
    with pytest.raises(SubjectError, match=r"pip install 'gradcheck\[plots\]'"):
        report.plot()
