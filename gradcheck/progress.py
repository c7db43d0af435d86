"""A progress bar on standard error, for checks that take a while."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from gradcheck.effort import Progress


@contextmanager
def progress_bar(name: str, budget: int) -> Iterator[Progress]:
    """Show evaluations as they are spent; the bar's end is the budget, which few checks use up."""
    from rich.console import Console
    from rich.progress import BarColumn, SpinnerColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bar

    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=24),
        TextColumn("{task.completed} of at most {task.total} evaluations"),
        TimeElapsedColumn(),
    )
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(name, total=budget)
        yield lambda done, stage: bar.update(task, completed=done, description=f"{name}: {stage}")
