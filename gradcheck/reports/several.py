"""The outcomes of several targets as text: their reports, then a table, the worst first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from gradcheck.reports.columns import Column, table_of
from gradcheck.reports.layout import Constrain, Group, Layout, Text
from gradcheck.reports.numbers import size
from gradcheck.reports.outcome import ERROR, Outcome, worst_first
from gradcheck.reports.problems import problems_of
from gradcheck.reports.signs import made_visible
from gradcheck.reports.text import COLOUR, RERUN, WIDTH, render
from gradcheck.verdicts.verdict import Verdict

#: Verdicts in the order in which they are counted.
_COUNTED = ("fail", ERROR, "undecided", "pass")

_STYLES = {**{verdict.value: colour for verdict, colour in COLOUR.items()}, ERROR: "magenta"}

_COLUMNS = (
    Column("target"),
    Column("verdict", 9),
    Column("gap", 6, right=True),
    Column("error bar", 3, right=True),
    Column("evaluations", 2, right=True),
    Column("seconds", 1, right=True),
    Column("lines", 7),
    Column("findings", 8),
)


def render_all(
    outcomes: Sequence[Outcome], width: int | None = None, rerun: str = RERUN, left_out: Sequence[Outcome] = ()
) -> Layout:
    """Lay out the outcomes of several targets: each report, and a table at the end, the worst first.

    Parameters
    ----------
    outcomes : sequence of Outcome
    width, rerun
        As for `gradcheck.reports.text.render`.
    left_out : sequence of Outcome
        Outcomes that are counted, and not shown.
    """
    parts: list[Layout | str] = []
    for outcome in outcomes:
        parts += [Text("-" * min(width or WIDTH, WIDTH), style="dim"), render_outcome(outcome, width, rerun), ""]
    if outcomes:
        parts += [_table(worst_first(outcomes), width), ""]
    parts.append(Text(totals([*outcomes, *left_out], left_out)))
    return Group(*parts)


def render_outcome(outcome: Outcome, width: int | None = None, rerun: str = RERUN) -> Layout:
    """Lay out the report of a target, or the reason why there is none."""
    report = outcome.named
    if report is not None:
        return render(report, width, rerun)
    head = Text("ERROR", style=f"bold {_STYLES[ERROR]}")
    head.append(f"  {made_visible(outcome.target)}", style="bold")
    above = Constrain(Group(head, Text(made_visible(outcome.summary))), width or WIDTH)
    return Group(above, Text(made_visible(outcome.details))) if outcome.details else above


def totals(outcomes: Sequence[Outcome], left_out: Sequence[Outcome] = ()) -> str:
    """How many targets have which verdict, in one line."""
    counts = Counter(outcome.verdict for outcome in outcomes)
    what = "target" if len(outcomes) == 1 else "targets"
    counted = ", ".join(f"{counts[verdict]} {verdict}" for verdict in _COUNTED if counts[verdict])
    hidden = f" ({len(left_out)} not shown)" if left_out else ""
    return f"{len(outcomes)} {what}: {counted or 'none'}{hidden}"


def _table(outcomes: Sequence[Outcome], width: int | None) -> Layout:
    return table_of(_COLUMNS, [_row(made_visible(outcome)) for outcome in outcomes], width)


def _row(outcome: Outcome) -> list[Text | str]:
    report, problems = outcome.report, problems_of([outcome])
    verdict = Text(outcome.verdict, style=_STYLES[outcome.verdict])
    if report is None:
        return [outcome.target, verdict, "–", "–", "–", f"{outcome.seconds:.1f}", "", _cut(outcome.summary)]
    worst = max(
        report.blocks.values(), key=lambda block: (block.relative_error >= 0, block.relative_error), default=None
    )
    shown = problems if report.verdict is not Verdict.PASS else []
    lines = dict.fromkeys(str(f.line) for f in report.findings if f.line is not None)
    codes = dict.fromkeys(f"{each.code} {each.slug}" if each.code != each.slug else each.message for each in shown)
    return [
        outcome.target,
        verdict,
        size(worst.relative_error if worst else None),
        size(worst.error_bar if worst else None),
        str(report.evaluations),
        f"{outcome.seconds:.1f}",
        ", ".join(lines),
        _cut(", ".join(codes)),
    ]


def _cut(text: str, most: int = 60) -> str:
    """The beginning of a text that would make a row too long."""
    return text if len(text) <= most else f"{text[: most - 3]}..."
