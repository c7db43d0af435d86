"""The doctor's plots: written as SVG and PNG, as one figure, or as SVG for a page."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gradcheck.errors import SubjectError
from gradcheck.training.doctor.figure_data import FigureData
from gradcheck.training.doctor.panels import PANELS, Panel

if TYPE_CHECKING:
    from matplotlib.figure import Figure

#: Inches.
WIDTH = 7.6

_STYLE: Any = {
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 11,
    "axes.titlelocation": "left",
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#dddddd",
    "grid.linewidth": 0.6,
    "legend.frameon": False,
    "svg.hashsalt": "gradcheck",
    "svg.fonttype": "none",
    "figure.dpi": 110,
}

_MISSING = "plots need matplotlib: pip install 'gradcheck[plots]'"


def figure_of(data: FigureData) -> Figure:
    """All plots below each other in one figure, created without `pyplot` and its global state.

    Raises
    ------
    SubjectError
        If matplotlib is not installed, or there is nothing to plot.
    """
    drawn = drawable(data)
    if not drawn:
        raise SubjectError("there is nothing to plot: no step of the training was taken")
    with _style():
        from matplotlib.figure import Figure

        heights = [height for _, height in drawn]
        figure = Figure(figsize=(WIDTH, sum(heights)), layout="constrained")
        parts = figure.subfigures(len(drawn), 1, height_ratios=heights, squeeze=False)[:, 0]
        for part, (panel, _) in zip(parts, drawn, strict=True):
            panel.draw(part, data)
        return figure


def svg_of(panel: Panel, data: FigureData) -> str:
    """One plot as SVG. Raises `SubjectError` if matplotlib is not installed."""
    stream = io.StringIO()
    with _style():
        _alone(panel, data).savefig(stream, format="svg", metadata={"Date": None}, bbox_inches="tight")
    return stream.getvalue()


def save(data: FigureData, folder: Path) -> list[str]:
    """Write all plots to a folder.

    Parameters
    ----------
    data : FigureData
    folder : Path
        Created if it does not exist.

    Returns
    -------
    list of str
        Paths of the files.

    Raises
    ------
    SubjectError
        If matplotlib is not installed, or the folder cannot be written.
    """
    written = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with _style():
            for panel, _ in drawable(data):
                figure = _alone(panel, data)
                for ending in ("svg", "png"):
                    path = folder / f"{panel.name}.{ending}"
                    figure.savefig(path, metadata={"Date": None} if ending == "svg" else None, bbox_inches="tight")
                    written.append(str(path))
    except OSError as error:
        raise SubjectError(f"plots={str(folder)!r}: {error.strerror}") from None
    return written


def drawable(data: FigureData) -> list[tuple[Panel, float]]:
    """The plots for which there is something to draw, each with its height."""
    return [(panel, height) for panel in PANELS if (height := panel.height(data))]


def _alone(panel: Panel, data: FigureData) -> Figure:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH, panel.height(data)), layout="constrained")
    panel.draw(figure, data)
    return figure


@contextmanager
def _style() -> Iterator[None]:
    """Apply the plot style and restore the settings of matplotlib afterwards."""
    try:
        import matplotlib
    except ImportError:
        raise SubjectError(_MISSING) from None
    with matplotlib.rc_context(_STYLE):
        yield
