"""The table of layers and losses as text, for a terminal, and as JSON."""

from __future__ import annotations

import json
import re
import textwrap
from collections import defaultdict

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from gradcheck.nn.kinds import LOSSES
from gradcheck.reports.rendered import plain
from gradcheck.reports.text import COLOUR, WIDTH
from gradcheck.testing.pairs.data import Cell, PairsData
from gradcheck.verdicts.verdict import Verdict

MARK = {Verdict.PASS: "✓", Verdict.FAIL: "✗", Verdict.UNDECIDED: "?"}

#: Width in characters of a column of cells, with room for "✓ 2e-9 / 5e-5", and of the column of layer names.
CELL_WIDTH, NAME_WIDTH = 15, 20

#: Spaces between two columns.
GAP = 2


def text_of(pairs: PairsData, width: int = WIDTH) -> str:
    """Format the table as plain text, without colours."""
    return plain(render(pairs, width), width)


def render(pairs: PairsData, width: int) -> RenderableType:
    """Lay out the table: a row a layer, as many losses side by side as fit, then remarks and the cost."""
    layers = list(dict.fromkeys(cell.layer for cell in pairs.cells))
    losses = list(dict.fromkeys(cell.loss for cell in pairs.cells))
    found = {(cell.layer, cell.loss): cell for cell in pairs.cells}
    fit = max(1, (width - NAME_WIDTH) // CELL_WIDTH)
    parts: list[RenderableType] = []
    for start in range(0, len(losses), fit):
        table = Table(box=None, pad_edge=False, padding=(0, GAP, 0, 0), header_style="bold")
        table.add_column("", no_wrap=True, min_width=NAME_WIDTH - GAP)
        for loss in losses[start : start + fit]:
            table.add_column(_words(loss), no_wrap=True, min_width=CELL_WIDTH - GAP, vertical="bottom")
        for layer in layers:
            table.add_row(layer, *(_cell(found[layer, loss]) for loss in losses[start : start + fit]))
        parts += [table, ""]
    parts.append(Text("A cell: verdict, largest error bar / resolution of its network, both relative to the gradient."))
    parts += [Text(line) for line in _remarks(pairs)]
    return Group(*parts)


def _words(name: str) -> str:
    """Split a class name into words, over as many lines as it takes."""
    return textwrap.fill(" ".join(re.findall(r"[A-Z][a-z]*", name)), CELL_WIDTH - GAP)


def _cell(cell: Cell) -> Text:
    if cell.verdict is None:
        return Text("–", style="dim")
    text = Text(MARK[cell.verdict], style=COLOUR[cell.verdict])
    numbers = [_short(number) for number in (cell.error_bar, cell.resolution) if number is not None]
    text.append(f" {' / '.join(numbers)}", style="default")
    return text


def _short(number: float) -> str:
    """Format a number with one digit: 3e-9."""
    digits, _, exponent = f"{number:.0e}".partition("e")
    return f"{digits}e{int(exponent)}"


def _remarks(pairs: PairsData) -> list[str]:
    """List the cells that did not pass, the layers and losses that cannot be combined, and the totals."""
    lines = [
        f"{MARK[cell.verdict]} {cell.layer} with {cell.loss}: {cell.note}"
        for cell in pairs.cells
        if cell.verdict not in (None, Verdict.PASS)
    ]
    apart: dict[tuple[str, str], list[str]] = defaultdict(list)
    for cell in sorted(pairs.cells, key=lambda cell: list(LOSSES).index(cell.loss)):
        if cell.verdict is None:
            apart[cell.loss, cell.note].append(cell.layer)
    lines += [f"– {loss} {note}: not directly after {', '.join(names)}" for (loss, note), names in apart.items()]
    counts = [sum(cell.verdict is verdict for cell in pairs.cells) for verdict in (*MARK, None)]
    lines.append(
        f"{counts[0]} cells pass, {counts[1]} fail, {counts[2]} undecided, {counts[3]} not applicable; "
        f"{pairs.evaluations} evaluations, {pairs.seconds:.1f} s, seed {pairs.seed}"
    )
    return lines


def json_of(pairs: PairsData) -> str:
    """Format the table as one JSON object."""
    cells = [
        {
            "layer": cell.layer,
            "loss": cell.loss,
            "verdict": "not applicable" if cell.verdict is None else cell.verdict.value,
            "error_bar": cell.error_bar,
            "resolution": cell.resolution,
            "evaluations": cell.evaluations,
            "note": cell.note,
        }
        for cell in pairs.cells
    ]
    return json.dumps(
        {
            "version": pairs.version,
            "verdict": pairs.verdict.value,
            "seed": pairs.seed,
            "evaluations": pairs.evaluations,
            "seconds": pairs.seconds,
            "cells": cells,
        },
        indent=2,
        allow_nan=False,
    )
