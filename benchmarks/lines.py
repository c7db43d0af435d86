"""Models, functions and layers with one wrong line: the line, its name, and right lines accused.

python -m benchmarks.lines --output docs/lines-programs.md
"""

from __future__ import annotations

import argparse
import warnings
from dataclasses import dataclass

from benchmarks.output import add_output, write
from gradcheck.verdicts.verdict import Verdict
from tests.recording.planted import check, planted, programs, right


@dataclass
class Row:
    """Results for one program and its wrong variants."""

    name: str
    right: bool = False
    wrong: int = 0
    failed: int = 0
    found: int = 0
    named: int = 0
    shown: int = 0
    accused: int = 0


def row(name: str) -> Row:
    """One program and its wrong variants."""
    found = Row(name)
    report = check(right(name))
    found.right = report.verdict is Verdict.PASS and not report.lines
    for case in planted(name):
        report = check(case)
        accused = [line.line for line in report.lines if line.verdict is Verdict.FAIL]
        first = report.findings[0] if report.findings else None
        found.wrong += 1
        found.failed += report.verdict is Verdict.FAIL
        found.found += accused[:1] == [case.line]
        found.named += first is not None and (first.code not in ("GC000", "GC505") or "Write:" in (first.fix or ""))
        found.shown += first is not None and "makes the gradients right" in (first.fix or "")
        found.accused += any(line != case.line for line in accused)
    return found


def table(rows: list[Row]) -> str:
    """The table for the docs."""
    wrong = sum(r.wrong for r in rows)
    text = [
        "# Wrong lines of models, functions and layers",
        "",
        f"{len(rows)} programs in as many styles, and {wrong} variants of them with one wrong line in the gradient",
        "(`tests/recording/corpus`), each under `check_gradients`. *Line*: the first line that is called wrong is the",
        "planted one. *Named or repaired*: the first finding names a mistake, or shows the line as it has to be.",
        "*Changes shown*: no line is singled out, but changes of up to four lines are shown, each of which alone makes",
        "the gradients right. *Right lines accused*: variants in which a right line is called wrong.",
        "",
        "| program | right passes | wrong fails | line | named or repaired | changes shown | right lines accused |",
        "|---|---|---:|---:|---:|---:|---:|",
    ]
    for r in rows:
        text.append(
            f"| {r.name} | {'yes' if r.right else 'no'} | {r.failed}/{r.wrong} | {r.found}/{r.wrong} | "
            f"{r.named}/{r.wrong} | {r.shown} | {r.accused} |"
        )
    sums = [sum(getattr(r, key) for r in rows) for key in ("failed", "found", "named", "shown", "accused")]
    text.append(
        f"| **all** | {sum(r.right for r in rows)}/{len(rows)} | {sums[0]}/{wrong} | {sums[1]}/{wrong} "
        f"({sums[1] / wrong:.1%}) | {sums[2]}/{wrong} ({sums[2] / wrong:.1%}) | {sums[3]} | {sums[4]} |"
    )
    return "\n".join(text) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    add_output(parser)
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    write(table([row(name) for name in programs()]), options.output)


if __name__ == "__main__":
    main()
