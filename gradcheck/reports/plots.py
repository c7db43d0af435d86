"""A figure of a report: the gap of each block beside its error bar, its error against the step, and its entries."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from gradcheck.errors import SubjectError
from gradcheck.reports.data import BlockReport, ReportData
from gradcheck.reports.heat_map import NEGATIVE, NEUTRAL, POSITIVE, grid
from gradcheck.reports.signs import visible
from gradcheck.verdicts.verdict import WORST_FIRST, Verdict

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import Colormap
    from matplotlib.figure import Figure

#: Colour and mark of each verdict: distinct for colour-blind readers (M. Okabe and K. Ito, 2008) and in grey.
_MARKS = {Verdict.PASS: ("#009E73", "o"), Verdict.FAIL: ("#D55E00", "X"), Verdict.UNDECIDED: ("#0072B2", "s")}

#: Blocks that have pictures of their own, those that failed first: more would not fit on a screen.
MOST_BLOCKS = 6

#: Inches: width of the figure, height of a block in the first panel, of its frame, and of a row of pictures.
WIDTH, PER_BLOCK, FRAME, PER_ROW = 11.0, 0.3, 1.4, 2.3

#: Pictures of blocks beside each other, where each has one, and the part of a row that belongs to a curve beside maps.
BESIDE, CURVE_PART = 3, 1.35

#: The smallest gap on the logarithmic axis; smaller ones are drawn there.
SMALLEST = 1e-16

#: How pale error bars are.
PALE = 0.4

#: By this factor the axes of a curve go on beyond its points.
MARGIN = 10.0


def figure_of(report: ReportData) -> Figure:
    """Draw a report.

    The first panel has a row for each block: its gap, as a mark of its verdict, and the error bar, up to which the gap
    may come from the measurement. The dashed line is `rtol`. Below are blocks that were measured, those that failed
    first: the gap of the central difference of each step that was taken, with the bound on its rounding, and, where
    every entry was measured, the entries: claimed, numerical, and their difference. Nothing is evaluated.

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
    rows = _rows(report)
    heights = [FRAME + PER_BLOCK * len(report.blocks), *[PER_ROW] * len(rows)]
    figure = Figure(figsize=(WIDTH, sum(heights)), layout="constrained")
    parts = figure.subfigures(len(heights), 1, height_ratios=heights, squeeze=False)[:, 0]
    _draw_gaps(parts[0], report)
    colours = [tuple(channel / 255 for channel in colour) for colour in (NEGATIVE, NEUTRAL, POSITIVE)]
    colour_map = LinearSegmentedColormap.from_list("signed", colours)
    legend = next((i for i, row in enumerate(rows) if any(block.curve for block in row)), None)
    for i, (part, row) in enumerate(zip(parts[1:], rows, strict=True)):
        if _is_complete(row[0]):
            _draw_block(part, row[0], report.rtol, colour_map)
        else:
            for axes, block in zip(part.subplots(1, BESIDE, squeeze=False)[0], [*row, *[None] * BESIDE], strict=False):
                _draw_curve(axes, block, report.rtol)
        if i == legend:
            _explain_curves(part)
    return figure


def _rows(report: ReportData) -> list[list[BlockReport]]:
    """The blocks that have pictures: one with entries has a row of its own, others stand beside each other."""
    worst = sorted(report.blocks.values(), key=lambda block: WORST_FIRST.index(block.verdict))
    drawn = [block for block in worst if block.curve or _is_complete(block)][:MOST_BLOCKS]
    alone = [[block] for block in drawn if _is_complete(block)]
    others = [block for block in drawn if not _is_complete(block)]
    return alone + [others[i : i + BESIDE] for i in range(0, len(others), BESIDE)]


def _is_complete(block: BlockReport) -> bool:
    """Whether every entry was measured."""
    return bool(block.entries) and len(block.entries) == math.prod(block.shape)


def _draw_gaps(row: Figure, report: ReportData) -> None:
    """Gap and error bar of each block."""
    axes = row.subplots()
    blocks = list(report.blocks.values())
    for place, block in enumerate(blocks):
        colour, mark = _MARKS[block.verdict]
        bar, gap = (max(v, SMALLEST) if v >= 0 else math.nan for v in (block.error_bar, block.relative_error))
        axes.plot([SMALLEST, bar], [place, place], color=colour, alpha=PALE, linewidth=6, solid_capstyle="butt")
        axes.plot([gap], [place], color=colour, marker=mark, markersize=8, linestyle="none")
    axes.axvline(report.rtol, color=_ink(), linestyle="--", linewidth=1)
    axes.set_xscale("log")
    axes.set_xlim(SMALLEST, 10)
    axes.set_ylim(len(blocks) - 0.5, -0.5)
    axes.set_yticks(range(len(blocks)), [f"{visible(b.name)}: {b.verdict.value}" for b in blocks], parse_math=False)
    axes.set_xlabel(f"gap (mark) and error bar (line), relative; dashed: rtol = {report.rtol:g}")
    axes.set_title(f"{visible(report.target)}: {report.verdict.value}", loc="left", parse_math=False)


def _draw_block(row: Figure, block: BlockReport, rtol: float, colour_map: Colormap) -> None:
    """The curve of a block, if it has one, and its entries."""
    widths = [CURVE_PART, 1.0, 1.0, 1.0] if block.curve else [1.0, 1.0, 1.0]
    axes = row.subplots(1, len(widths), width_ratios=widths)
    if block.curve:
        _draw_curve(axes[0], block, rtol)
    _draw_entries(row, axes[-3:], block, colour_map)


def _draw_curve(axes: Axes, block: BlockReport | None, rtol: float) -> None:
    """Gap against step, with the rounding of each difference and the error bar of the block; empty without a block."""
    if block is None:
        axes.set_axis_off()
        return
    colour, mark = _MARKS[block.verdict]
    steps = [point.step for point in block.curve]
    bars = [max(point.bar, SMALLEST) for point in block.curve]
    gaps = [max(point.gap, SMALLEST) for point in block.curve]
    finite = [value for value in (*gaps, *bars, rtol, block.error_bar) if SMALLEST <= value < math.inf]
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlim(min(steps) / MARGIN, max(steps) * MARGIN)
    axes.set_ylim(min(finite) / MARGIN, max(*finite, 1.0) * MARGIN)
    if block.error_bar >= SMALLEST:
        axes.axhline(block.error_bar, color=colour, alpha=PALE, linewidth=6)
    if rtol > 0:
        axes.axhline(rtol, color=_ink(), linestyle="--", linewidth=1)
    axes.plot(steps, bars, color=_ink(), linestyle=":")
    axes.plot(steps, gaps, color=colour, marker=mark, markersize=5, linewidth=1)
    axes.set_xlabel("step", fontsize=9)
    axes.tick_params(labelsize=8)
    axes.set_title(f"{visible(block.name)}: error against step", fontsize=10, parse_math=False)


def _explain_curves(row: Figure) -> None:
    """What the lines of all curves are."""
    from matplotlib.lines import Line2D

    lines = {
        "gap of the difference of one step": Line2D([], [], color=_ink(), marker="o", markersize=5, linewidth=1),
        "bound on its rounding": Line2D([], [], color=_ink(), linestyle=":"),
        "error bar of the block": Line2D([], [], color=_ink(), alpha=PALE, linewidth=6),
        "rtol": Line2D([], [], color=_ink(), linestyle="--", linewidth=1),
    }
    row.legend(lines.values(), lines.keys(), loc="outside lower left", ncols=len(lines), fontsize=8, frameon=False)


def _ink() -> str:
    """The colour of text in the style of the reader, light or dark."""
    from matplotlib import rcParams

    return str(rcParams["text.color"])


def _draw_entries(row: Figure, panels: Sequence[Axes], block: BlockReport, colour_map: Colormap) -> None:
    """Claimed and numerical entries on one scale, and their difference on its own."""
    claimed, numeric, gap = (
        np.array([getattr(entry, name) for entry in block.entries], float).reshape(grid(block.shape))
        for name in ("claimed", "numeric", "gap")
    )
    both = _limit([claimed, numeric])
    shown = (("claimed", claimed, both), ("numerical", numeric, both), ("claimed − numerical", gap, _limit([gap])))
    for axes, (title, values, limit) in zip(panels, shown, strict=True):
        image = axes.imshow(values, cmap=colour_map, vmin=-limit, vmax=limit, aspect="auto", interpolation="nearest")
        axes.set_title(f"{visible(block.name)}: {title}", fontsize=10, parse_math=False)
        axes.set_xticks([])
        axes.set_yticks([])
        row.colorbar(image, ax=axes)


def _limit(arrays: Sequence[np.ndarray]) -> float:
    """Largest absolute value; 1 if all are zero."""
    finite = [float(np.max(np.abs(array[np.isfinite(array)]), initial=0.0)) for array in arrays]
    return max(finite) or 1.0
