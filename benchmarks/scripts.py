"""Training programs, correct and with one wrong line: verdict, line, name and time.

python -m benchmarks.scripts --output docs/scripts-programs.md
"""

from __future__ import annotations

import argparse
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.output import add_output, write
from gradcheck.reports.report import Report
from gradcheck.scripts.program import check_program
from gradcheck.verdicts.verdict import Verdict
from tests.scripts.programs import FOLDER, NAMES, variants


@dataclass
class Row:
    """Results for one program and its wrong variants."""

    name: str
    lines: int
    right: bool = False
    wrong: int = 0
    failed: int = 0
    found: int = 0
    named: int = 0
    accused: int = 0
    seconds: float = 0.0


def checked(name: str, text: str) -> tuple[Report, float]:
    """The report on a program, and how long it took."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{name}.py"
        path.write_text(text, encoding="utf-8")
        started = time.perf_counter()
        return check_program(path, rng=0), time.perf_counter() - started


def row(name: str) -> Row:
    """One program and its wrong variants."""
    text = (FOLDER / f"{name}.py").read_text(encoding="utf-8")
    found = Row(name, len(text.splitlines()))
    report, found.seconds = checked(name, text)
    found.right = report.verdict is Verdict.PASS
    found.accused = sum(line.verdict is Verdict.FAIL for line in report.lines)
    for variant in variants(name):
        report, seconds = checked(name, variant.text)
        found.seconds = max(found.seconds, seconds)
        found.wrong += 1
        found.failed += report.verdict is Verdict.FAIL
        first = report.findings[0] if report.findings else None
        found.found += first is not None and first.line == variant.line
        found.named += first is not None and first.slug in variant.mistakes
        found.accused += any(line.verdict is Verdict.FAIL and line.line != variant.line for line in report.lines)
    return found


def table(rows: list[Row]) -> str:
    """The table for the docs."""
    wrong = sum(r.wrong for r in rows)
    text = [
        "# Unmodified programs",
        "",
        f"{len(rows)} correct training programs in different styles, and {wrong} variants of them with one wrong line",
        "in the backward pass (`tests/scripts/programs`). Each is checked by `gradcheck check program.py` without",
        "hints. *Line*: the first finding is the wrong line. *Named*: it has the name of the planted mistake, or is",
        "`unexplained` where the catalogue has no name for it. *Wrongly blamed*: programs in which a correct line is",
        "called wrong. *Seconds*: of the slowest variant, on one core.",
        "",
        "| program | lines | correct passes | wrong fails | line | named | wrongly blamed | seconds |",
        "|---|---:|---|---:|---:|---:|---:|---:|",
    ]
    for r in rows:
        text.append(
            f"| {r.name} | {r.lines} | {'yes' if r.right else 'no'} | {r.failed}/{r.wrong} | {r.found}/{r.wrong} | "
            f"{r.named}/{r.wrong} | {r.accused} | {r.seconds:.1f} |"
        )
    right = sum(r.right for r in rows)
    sums = [sum(getattr(r, key) for r in rows) for key in ("failed", "found", "named", "accused")]
    text.append(
        f"| **all** | | {right}/{len(rows)} | {sums[0]}/{wrong} | {sums[1]}/{wrong} ({sums[1] / wrong:.1%}) | "
        f"{sums[2]}/{wrong} ({sums[2] / wrong:.1%}) | {sums[3]} | {max(r.seconds for r in rows):.1f} |"
    )
    return "\n".join(text) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    add_output(parser)
    options = parser.parse_args()
    write(table([row(name) for name in NAMES]), options.output)


if __name__ == "__main__":
    main()
