"""The summary of all checks at the end of a session."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gradcheck.testing.pytest_plugin.totals import Totals

#: From so many seconds on, a time is shown without decimals.
WHOLE_SECONDS = 10


def summary(totals: Totals, tests: int) -> list[str]:
    """Format the lines of the summary: checks and verdicts, cost, the slowest check and the worst resolution."""
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
    return f"{value:.0f} s" if value >= WHOLE_SECONDS else f"{value:.2g} s"
