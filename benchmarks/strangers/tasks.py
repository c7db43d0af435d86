"""The pieces of work of a run, which processes of a pool can take: what they run may not stand in the main module."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from benchmarks.strangers.judging import Record, judge
from benchmarks.strangers.sources import SOURCES


@dataclass(frozen=True)
class Task:
    """One right gradient with its mistakes: a piece of work for a process."""

    source: str
    name: str
    number: int
    seed: int
    mistakes: int
    only: str | None = None


def tasks(sources: Sequence[str], seed: int, every: int, mistakes: int, match: str = "") -> Iterator[Task]:
    """The pieces of work of each source: its functions in turn, until its size is reached; with `every`, each N-th."""
    for name in sources:
        source = SOURCES[name]
        if source.missing():
            continue
        functions = source.names()
        for index in range(0, source.size, every):
            number, which = divmod(index, len(functions))
            if re.search(match, functions[which]):
                yield Task(name, functions[which], number, seed, mistakes)


def work(task: Task) -> list[Record]:
    """Judge the cases of a task."""
    return list(judge(SOURCES[task.source], task.name, task.number, task.seed, task.mistakes, task.only))
