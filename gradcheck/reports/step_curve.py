"""The error of a block against the step, as SVG: two logarithmic axes, a point for each step that was taken.

A dotted line is the bound on the rounding of each difference.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from html import escape

from gradcheck.reports.data import BlockReport, ReportData
from gradcheck.reports.numbers import size
from gradcheck.reports.signs import visible
from gradcheck.verdicts.verdict import WORST_FIRST, Verdict

#: Where a logarithm is drawn.
Scale = Callable[[float], float]

#: Size of the picture, and the margins for the labels of the axes, in pixels.
WIDTH, HEIGHT, LEFT, RIGHT, BELOW = 420, 240, 58, 18, 40

#: Gaps below this are drawn on the lower edge: they are rounding, or nothing.
LEAST = 1e-16

#: Blocks whose curve is drawn, those that failed first: more would not be looked at.
MOST_BLOCKS = 6

#: Powers of ten between two labels.
_APART = 4

#: Okabe and Ito's colours, distinct for colour-blind readers.
_COLOUR = {Verdict.PASS: "#0072b2", Verdict.FAIL: "#d55e00", Verdict.UNDECIDED: "#cc79a7"}


def with_curves(report: ReportData) -> list[BlockReport]:
    """The blocks whose curve is drawn, in their own order."""
    measured = [block for block in report.blocks.values() if block.curve]
    worst = sorted(measured, key=lambda block: WORST_FIRST.index(block.verdict))
    drawn = {block.name for block in worst[:MOST_BLOCKS]}
    return [block for block in report.blocks.values() if block.name in drawn]


def step_curve(block: BlockReport, rtol: float) -> str:
    """The picture; empty if nothing was measured.

    Parameters
    ----------
    block : BlockReport
    rtol : float
        Tolerance of the check, drawn as a line.
    """
    if not block.curve:
        return ""
    steps = [math.log10(point.step) for point in block.curve]
    gaps = [math.log10(max(point.gap, LEAST)) for point in block.curve]
    low = math.floor(min(steps))
    high = max(low + 1, math.ceil(max(steps)))
    bottom, top = math.log10(LEAST), max(0.0, math.ceil(max(gaps)))

    def across(value: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * (value - low) / (high - low)

    def down(value: float) -> float:
        return 8 + (HEIGHT - BELOW - 8) * (top - value) / (top - bottom)

    bars = [math.log10(min(max(point.bar, LEAST), math.pow(10.0, top))) for point in block.curve]
    colour = _COLOUR[block.verdict]
    line, rounding = (
        " ".join(f"{across(x):.1f},{down(y):.1f}" for x, y in zip(steps, ys, strict=True)) for ys in (gaps, bars)
    )
    dots = "".join(
        f'<circle cx="{across(x):.1f}" cy="{down(y):.1f}" r="3" fill="{colour}"><title>{point}</title></circle>'
        for x, y, point in zip(steps, gaps, block.curve, strict=True)
    )
    least = min(block.curve, key=lambda point: point.gap)
    name = escape(visible(f"{block.name}, error against step: least {size(least.gap)} at a step of {size(least.step)}"))
    return (
        f'<svg class="curve" role="img" aria-label="{name}" width="{WIDTH}" height="{HEIGHT}" '
        f'viewBox="0 0 {WIDTH} {HEIGHT}" font-size="11" fill="currentColor">'
        f"{_frame(range(low, high + 1), across, range(int(bottom), int(top) + 1), down)}"
        f"{_tolerance(rtol, down) if rtol > 0 else ''}"
        f'<polyline points="{rounding}" fill="none" stroke="currentColor" stroke-dasharray="1 3" opacity="0.8"/>'
        f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="1.5"/>{dots}</svg>'
    )


def _frame(columns: range, across: Scale, rows: range, down: Scale) -> str:
    """The two axes with their labels."""
    right, foot = WIDTH - RIGHT, HEIGHT - BELOW
    parts = [
        f'<path d="M{LEFT} 8V{foot}H{right}" fill="none" stroke="currentColor"/>',
        f'<text x="{(LEFT + right) / 2:g}" y="{HEIGHT - 6}" text-anchor="middle">step</text>',
        f'<text x="12" y="{foot / 2:g}" text-anchor="middle" transform="rotate(-90 12 {foot / 2:g})">gap</text>',
    ]
    for power in (each for each in columns if each % _APART == 0):
        parts.append(f'<text x="{across(power):.1f}" y="{foot + 14}" text-anchor="middle">1e{power}</text>')
    for power in (each for each in rows if each % _APART == 0):
        parts.append(f'<text x="{LEFT - 5}" y="{down(power) + 4:.1f}" text-anchor="end">1e{power}</text>')
    return "".join(parts)


def _tolerance(rtol: float, down: Scale) -> str:
    height = down(math.log10(max(rtol, LEAST)))
    return (
        f'<path d="M{LEFT} {height:.1f}H{WIDTH - RIGHT}" stroke="currentColor" stroke-dasharray="4 4" opacity="0.6"/>'
        f'<text x="{WIDTH - RIGHT - 2}" y="{height - 4:.1f}" text-anchor="end" opacity="0.8">rtol</text>'
    )
