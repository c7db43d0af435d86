"""The summary at the end of a session."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gradcheck.testing.pytest_plugin.totals import Totals


def summary(totals: Totals, tests: int) -> list[str]:
    """Lines of the summary: how many checks and verdicts, what they cost, the worst resolution and the slowest."""
    verdicts = ", ".join(f"{count} {verdict}" for verdict, count in totals.verdicts.items() if count)
    rows = [
        ("checks", str(totals.checks), f"{verdicts}; in {tests} {'test' if tests == 1 else 'tests'}"),
        ("evaluations", str(totals.evaluations), f"of the loss, in {_seconds(totals.seconds)}"),
        ("slowest", _seconds(totals.slowest), totals.slow),
    ]
    if totals.resolution is not None:
        rows.append(("worst resolution", f"{totals.resolution:.1e}", totals.coarsest))
    width = max(len(value) for _, value, _ in rows)
    return [f"{name:16}  {value:>{width}}  {text}" for name, value, text in rows]


def _seconds(value: float) -> str:
    return f"{value:.0f} s" if value >= 10 else f"{value:.2g} s"
