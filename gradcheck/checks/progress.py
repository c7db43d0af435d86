"""Progress bars on standard error: evaluations of one check, or checks of a series."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

from gradcheck.errors import SubjectTypeError
from gradcheck.probes.evaluator import Progress


@contextmanager
def progress_bar(name: str, budget: int) -> Iterator[Progress]:
    """Show the number of evaluations of a check. The end of the bar is the budget, which few checks reach."""
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


@contextmanager
def counter(name: str, *, shown: bool = True) -> Iterator[Callable[[int, int, str], object] | None]:
    """Show how many of a known number of checks are done. Yields None and shows nothing unless `shown`."""
    if not shown:
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    columns = (TextColumn("{task.description}"), BarColumn(bar_width=24), MofNCompleteColumn(), TimeRemainingColumn())
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(name, total=None)
        yield lambda done, total, last: bar.update(task, completed=done, total=total, description=f"{name}: {last}")


def progress_callback(progress: bool | Progress, name: str, limit: int) -> AbstractContextManager[Progress | None]:
    """Context manager for the callable that receives the progress of a check, or None."""
    if not isinstance(progress, bool) and not callable(progress):
        raise SubjectTypeError(f"progress is {progress!r}: pass True, False or a callable")
    if progress is True:
        return progress_bar(name, limit)
    return nullcontext(progress or None)
