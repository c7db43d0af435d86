"""A figure of a report: the gap of each block beside its error bar, and the measured entries as heat maps."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from gradcheck.errors import SubjectError
from gradcheck.reports.data import BlockReport, ReportData
from gradcheck.reports.heat_map import NEGATIVE, NEUTRAL, POSITIVE, grid
from gradcheck.reports.signs import visible
from gradcheck.verdicts.verdict import Verdict

if TYPE_CHECKING:
    from matplotlib.figure import Figure

#: Colour and mark of each verdict: distinct for colour-blind readers (M. Okabe and K. Ito, 2008) and in grey.
_MARKS = {Verdict.PASS: ("#009E73", "o"), Verdict.FAIL: ("#D55E00", "X"), Verdict.UNDECIDED: ("#0072B2", "s")}

#: Blocks whose entries are drawn, those that failed first: more would not fit on a screen.
MOST_BLOCKS = 6

#: Inches: width of the figure, height of a block in the first panel, of its frame, and of a row of heat maps.
WIDTH, PER_BLOCK, FRAME, PER_MAP = 9.0, 0.3, 1.4, 1.9

#: The smallest gap on the logarithmic axis; smaller ones are drawn there.
SMALLEST = 1e-16


def figure_of(report: ReportData) -> Figure:
    """Draw a report.

    The first panel has a row for each block: its gap, as a mark of its verdict, and the error bar, up to which the gap
    may come from the measurement. The dashed line is `rtol`. Below are the entries of blocks of which every entry was
    measured: claimed, numerical, and their difference.

    Parameters
    ----------
    report : ReportData

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    SubjectError
        If matplotlib is not installed.
    """
    try:
        from matplotlib.colors import LinearSegmentedColormap
        from matplotlib.figure import Figure
    except ImportError:
        raise SubjectError("plots need matplotlib: pip install 'gradcheck[plots]'") from None
    drawn = _drawn(report)
    heights = [FRAME + PER_BLOCK * len(report.blocks), *[PER_MAP] * len(drawn)]
    figure = Figure(figsize=(WIDTH, sum(heights)), layout="constrained")
    rows = figure.subfigures(len(heights), 1, height_ratios=heights, squeeze=False)[:, 0]
    _draw_gaps(rows[0], report)
    colours = [tuple(channel / 255 for channel in colour) for colour in (NEGATIVE, NEUTRAL, POSITIVE)]
    colour_map = LinearSegmentedColormap.from_list("signed", colours)
    for row, block in zip(rows[1:], drawn, strict=True):
        _draw_entries(row, block, colour_map)
    return figure


def _drawn(report: ReportData) -> list[BlockReport]:
    """The blocks whose entries are drawn."""
    complete = [b for b in report.blocks.values() if b.entries and len(b.entries) == math.prod(b.shape)]
    return sorted(complete, key=lambda block: block.passes)[:MOST_BLOCKS]


def _draw_gaps(row: Figure, report: ReportData) -> None:
    """Gap and error bar of each block."""
    axes = row.subplots()
    blocks = list(report.blocks.values())
    for place, block in enumerate(blocks):
        colour, mark = _MARKS[block.verdict]
        bar, gap = (max(v, SMALLEST) if v >= 0 else math.nan for v in (block.error_bar, block.relative_error))
        axes.plot([SMALLEST, bar], [place, place], color=colour, alpha=0.4, linewidth=6, solid_capstyle="butt")
        axes.plot([gap], [place], color=colour, marker=mark, markersize=8, linestyle="none")
    axes.axvline(report.rtol, color="#444444", linestyle="--", linewidth=1)
    axes.set_xscale("log")
    axes.set_xlim(SMALLEST, 10)
    axes.set_ylim(len(blocks) - 0.5, -0.5)
    axes.set_yticks(range(len(blocks)), [f"{visible(b.name)}: {b.verdict.value}" for b in blocks], parse_math=False)
    axes.set_xlabel(f"gap (mark) and error bar (line), relative; dashed: rtol = {report.rtol:g}")
    axes.set_title(f"{visible(report.target)}: {report.verdict.value}", loc="left", parse_math=False)


def _draw_entries(row: Figure, block: BlockReport, colour_map: object) -> None:
    """Claimed and numerical entries on one scale, and their difference on its own."""
    claimed, numeric, gap = (
        np.array([getattr(entry, name) for entry in block.entries], float).reshape(grid(block.shape))
        for name in ("claimed", "numeric", "gap")
    )
    both = _limit([claimed, numeric])
    panels = (("claimed", claimed, both), ("numerical", numeric, both), ("claimed − numerical", gap, _limit([gap])))
    for axes, (title, values, limit) in zip(row.subplots(1, 3), panels, strict=True):
        image = axes.imshow(values, cmap=colour_map, vmin=-limit, vmax=limit, aspect="auto", interpolation="nearest")
        axes.set_title(f"{visible(block.name)}: {title}", fontsize=10, parse_math=False)
        axes.set_xticks([])
        axes.set_yticks([])
        row.colorbar(image, ax=axes)


def _limit(arrays: Sequence[np.ndarray]) -> float:
    """Largest absolute value; 1 if all are zero."""
    finite = [float(np.max(np.abs(array[np.isfinite(array)]), initial=0.0)) for array in arrays]
    return max(finite) or 1.0
