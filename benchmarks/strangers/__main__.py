"""Check derivatives that others wrote, right and with planted mistakes, and count the answers.

``python -m benchmarks.strangers [--every N] [--mistakes K] [--seed S] [--sources a,b] [--match REGEX]
[--workers N] [--records FILE]
[--read FILE ...] [--failures] [--case NAME] [--output PATH]``
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from benchmarks.output import add_output, write
from benchmarks.strangers.judging import Record
from benchmarks.strangers.sources import SOURCES
from benchmarks.strangers.summary import failures, markdown
from benchmarks.strangers.tasks import Task, tasks, work

THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def run(todo: Sequence[Task], workers: int, records: Path | None) -> list[Record]:
    """Do the work, write each record as a line of JSON, and say on standard error how far it is."""
    for variable in THREADS:
        os.environ.setdefault(variable, "1")
    found: list[Record] = []
    start = time.perf_counter()
    file = records.open("w", encoding="utf-8") if records else None
    try:
        for number, some in enumerate(_answers(todo, workers), start=1):
            found += some
            if file:
                file.writelines(json.dumps(one.as_dict(), default=float) + "\n" for one in some)
                file.flush()
            if number % 50 == 0 or number == len(todo):
                seconds = time.perf_counter() - start
                print(f"{number} of {len(todo)} tasks, {len(found)} records, {seconds:.0f} s", file=sys.stderr)
    finally:
        if file:
            file.close()
    return found


def _answers(todo: Sequence[Task], workers: int) -> Iterator[list[Record]]:
    if workers == 1:
        yield from map(work, todo)
        return
    with ProcessPoolExecutor(workers, multiprocessing.get_context("spawn")) as pool:
        yield from pool.map(work, todo)


def one_case(name: str, seed: int) -> int:
    """Run one case again and print what is known of it."""
    from benchmarks.strangers.again import again

    text = again(name, seed)
    print(text)
    return 0


def main(arguments: Sequence[str] | None = None) -> int:
    """Parse the command line, run, and write the page."""
    parser = argparse.ArgumentParser(description="Derivatives that others wrote, right and with planted mistakes.")
    parser.add_argument("--every", type=int, default=1, metavar="N", help="keep each N-th right gradient of a source")
    parser.add_argument("--mistakes", type=int, default=3, metavar="K", help="mistakes planted in each right gradient")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--sources", default=",".join(SOURCES), help="names, separated by commas")
    parser.add_argument("--match", default="", metavar="REGEX", help="keep functions whose name matches")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--records", type=Path, help="file for all records, as lines of JSON")
    parser.add_argument("--read", type=Path, nargs="+", help="make the page of records that earlier runs have written")
    parser.add_argument("--failures", action="store_true", help="list the cases that break a promise")
    parser.add_argument("--case", metavar="NAME", help="run one case again, and print its report")
    add_output(parser)
    options = parser.parse_args(arguments)
    if options.case:
        return one_case(options.case, options.seed)
    sources = options.sources.split(",")
    unknown = [name for name in sources if name not in SOURCES]
    if unknown:
        parser.error(f"unknown sources: {', '.join(unknown)}; there are {', '.join(SOURCES)}")
    if options.read:
        records = [Record(**json.loads(line)) for path in options.read for line in path.read_text("utf-8").splitlines()]
    else:
        todo = list(tasks(sources, options.seed, options.every, options.mistakes, options.match))
        records = run(todo, options.workers, options.records)
    absent = [] if options.read else [(name, SOURCES[name].missing()) for name in sources]
    skipped = [(SOURCES[name].family, name, module) for name, module in absent if module]
    command = "python -m benchmarks.strangers"
    for option, value, default in (
        ("every", options.every, 1),
        ("mistakes", options.mistakes, 3),
        ("seed", options.seed, 0),
    ):
        command += f" --{option} {value}" if value != default else ""
    text = markdown(records, skipped, command)
    if options.failures:
        text += failures(records)
    write(text, options.output)
    return 0


if __name__ == "__main__":
    sys.exit(main())
