"""The plots and their data."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import gradcheck
from gradcheck.app.examples.xor import BATCH, QuestionNetwork
from gradcheck.errors import SubjectError
from gradcheck.training.doctor.plots import CLIP_FACTOR, _on_common_steps
from gradcheck.training.doctor.trajectory import Trajectory


def test_plots_are_written_as_svg_and_png(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    report = gradcheck.doctor(
        QuestionNetwork(), batch=BATCH, steps=1_000_000, rng=0, budget=20, seeds=2, plots=tmp_path / "plots"
    )
    written = {path.name for path in (tmp_path / "plots").iterdir()}
    assert written == {
        f"{name}.{end}" for name in ("trials", "way-out", "gradients", "slices") for end in ("svg", "png")
    }
    assert (tmp_path / "plots" / "trials.png").read_bytes().startswith(b"\x89PNG")
    assert "RMSProp" in (tmp_path / "plots" / "trials.svg").read_text(encoding="utf-8")
    assert any(note.startswith("Plots:") for note in report.notes)


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(SubjectError, match="plots="):
        gradcheck.doctor(
            lambda x: float(x @ x), lambda x: 2 * x, np.ones(2), rng=0, budget=0, plots=tmp_path / "file" / "plots"
        )


def test_curves_share_their_steps_and_diverging_ones_are_clipped() -> None:
    short = Trajectory((0, 2), (8.0, 1.0), np.zeros(1), finite=True)
    long = Trajectory((0, 1, 4), (8.0, 4.0, 1e30), np.zeros(1), finite=True)
    steps, losses = _on_common_steps([short, long])
    assert steps.tolist() == [0, 1, 2, 4]
    assert losses[0].tolist() == [8.0, 8.0, 1.0, 1.0]
    assert losses[1].tolist() == [8.0, 4.0, 4.0, 8.0 * CLIP_FACTOR]
