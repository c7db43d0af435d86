"""The report on a run of `benchmarks.detection`, in Markdown."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from benchmarks.corpus.conditions import CONDITIONS
from benchmarks.corpus.mistakes import MISTAKES
from benchmarks.peers.answer import Answer

SUBJECT = "gradcheck"
"""The peer whose errors of judgement are listed one by one."""

COLUMNS = (
    "right",
    "false alarms",
    "undecided",
    "error",
    "not run",
    "wrong",
    "caught",
    "passed",
    "undecided",
    "error",
    "not run",
    "evaluations, median",
    "max",
    "seconds",
)


@dataclass(frozen=True)
class Result:
    """The answer of one peer about one case."""

    problem: str
    condition: str
    mistake: str | None
    peer: str
    answer: Answer
    seconds: float

    @property
    def key(self) -> tuple[str, str, str, str]:
        """What to sort by."""
        return self.peer, self.problem, self.condition, self.mistake or ""

    @property
    def name(self) -> str:
        """The case in a line."""
        return f"{self.problem} / {self.condition} / {self.mistake or 'right'}"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    line = "| " + " | ".join(head) + " |"
    rule = "|" + "|".join(" --- " if k == 0 else " ---: " for k in range(len(head))) + "|"
    return [line, rule, *("| " + " | ".join(row) + " |" for row in rows), ""]


def _row(label: str, results: Sequence[Result]) -> list[str]:
    """Count the answers about right and about wrong gradients."""
    right = Counter(r.answer.verdict for r in results if r.mistake is None)
    wrong = Counter(r.answer.verdict for r in results if r.mistake is not None)
    passing = [r.answer for r in results if r.mistake is None and r.answer.verdict == "pass"]
    spent = [answer.evaluations for answer in passing if answer.evaluations is not None]
    numbers = [
        right.total(),
        *(right[verdict] for verdict in ("fail", "undecided", "error", "not run")),
        wrong.total(),
        *(wrong[verdict] for verdict in ("fail", "pass", "undecided", "error", "not run")),
    ]
    effort = [f"{statistics.median(spent):g}", f"{max(spent)}"] if spent else ["", ""]
    return [label, *(str(number) for number in numbers), *effort, f"{sum(r.seconds for r in results):.1f}"]


def _listed(title: str, results: Sequence[Result], wanted: Callable[[Result], bool]) -> list[str]:
    lines = [f"* {r.name}" + (f" ({r.answer.note})" if r.answer.note else "") for r in results if wanted(r)]
    return [f"### {title}: {len(lines)}", "", *lines, ""]


def _by_mistake(results: Sequence[Result], peers: Sequence[str]) -> list[str]:
    """Return the share of wrong gradients that each peer caught, by mistake, of those it was run on."""
    rows = []
    for mistake in MISTAKES:
        row = [mistake.name]
        for peer in peers:
            asked = [r for r in results if r.peer == peer and r.mistake == mistake.name]
            asked = [r for r in asked if r.answer.verdict != "not run"]
            row.append(f"{sum(r.answer.verdict == 'fail' for r in asked)} of {len(asked)}")
        rows.append(row)
    return _table(["mistake", *peers], rows)


def markdown(results: Sequence[Result], peers: Sequence[str], seed: int) -> str:
    """Return the report: a summary, a table for every peer, and what gradcheck got wrong by name."""
    cases = {(r.problem, r.condition, r.mistake) for r in results}
    right = sum(mistake is None for _, _, mistake in cases)
    lines = [
        "# Detection of mistakes",
        "",
        f"{len(cases)} cases of {len({r.problem for r in results})} problems, seed {seed}: "
        f"{right} right gradients and {len(cases) - right} wrong ones. "
        "Every peer has its default settings. Evaluations are those of the right gradients that passed.",
        "",
        "## All conditions",
        "",
        *_table(["peer", *COLUMNS], [_row(peer, [r for r in results if r.peer == peer]) for peer in peers]),
        "## Caught, by mistake",
        "",
        *_by_mistake(results, peers),
    ]
    for peer in peers:
        own = [r for r in results if r.peer == peer]
        present = [c.name for c in CONDITIONS if any(r.condition == c.name for r in own)]
        rows = [_row(name, [r for r in own if r.condition == name]) for name in present]
        lines += [f"## {peer}", "", *_table(["condition", *COLUMNS], rows)]
    own = [r for r in results if r.peer == SUBJECT]
    if own:
        lines += [f"## Cases that {SUBJECT} did not get right", ""]
        lines += _listed("False alarms", own, lambda r: r.mistake is None and r.answer.verdict == "fail")
        lines += _listed("Mistakes that passed", own, lambda r: r.mistake is not None and r.answer.verdict == "pass")
        lines += _listed("Undecided", own, lambda r: r.answer.verdict == "undecided")
        lines += _listed("Errors", own, lambda r: r.answer.verdict == "error")
    return "\n".join(lines).rstrip()
