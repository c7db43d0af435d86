"""The page that `benchmarks.detection` writes, in Markdown."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from benchmarks.corpus.conditions import CONDITIONS
from benchmarks.corpus.mistakes import MISTAKES
from benchmarks.peers.answer import ENTRIES, Answer

SUBJECT = "gradcheck"
"""The checker whose wrong and undecided answers are listed one by one."""

#: What each checker is, for the page.
CHECKERS = {
    "gradcheck": "`gradcheck.check_gradients`",
    "torch": "`torch.autograd.gradcheck`",
    "torch-fast": "the same with `fast_mode=True`",
    "jax": "`jax.test_util.check_grads` in reverse mode, in float64",
    "autograd": "`autograd.test_util.check_grads` in reverse mode",
    "scipy": "`scipy.optimize.check_grad`, its result compared with 1e-6",
    "1e-7-rule": "central differences with h = 1e-5 in every entry, relative errors below 1e-7",
}

COLUMN_LEGEND = (
    "*False alarms* are correct gradients that were called wrong. *Caught* are wrong gradients that were called wrong, "
    "*passed* those that were called right. *Not run*: checkers that difference every entry are skipped above "
    f"{ENTRIES:,} entries. *Evaluations* counts calls of the loss, for correct gradients that passed."
)

CONDITION_LEGEND = (
    ("as-is", "nothing"),
    ("loss\\*1e-8, loss\\*1e8", "the loss is multiplied by a constant"),
    ("offset", "10,000 times the size of the loss is added to it"),
    ("units-1e-5, units-1e5", "all parameters are measured in another unit"),
    ("solver-noise", "noise of 1e-9 of the loss is added to it"),
    ("spread", "each parameter is measured in a unit of its own, between 1e-4 and 1e4"),
    ("spread-weights", "the influence of each parameter is reduced by a factor between 1 and 1e-8"),
    ("on-kink, on-many-kinks", "the point lies on one kink, or on several"),
    ("near-kink, near-edge", "the point lies close to a kink, or to the edge of the domain"),
)

MISTAKE_LEGEND = (
    ("entry-1%, entry-1e-4, entry-zero", "one entry is multiplied by 1.01, by 1.0001, or by 0"),
    ("sign, times-2, zero, times-1.001", "one block is multiplied by −1, 2, 0, or 1.001"),
    ("l2-term-1%", "the gradient of an L2 penalty is added to one block, 1% of its norm"),
    ("transposed", "one matrix is transposed"),
)

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


def _table(head: Sequence[str], rows: Iterable[Sequence[str]], *, figures: bool = True) -> list[str]:
    """A table; all columns but the first hold figures, or none does."""
    line = "| " + " | ".join(head) + " |"
    rule = "|" + "|".join(" ---: " if figures and k else " --- " for k in range(len(head))) + "|"
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
    """Return the page: a summary, a table for each checker, and the cases that gradcheck did not decide rightly."""
    cases = {(r.problem, r.condition, r.mistake) for r in results}
    right = sum(mistake is None for _, _, mistake in cases)
    lines = [
        "# Detection of mistakes" + (f" by {peers[0]}" if len(peers) == 1 else ""),
        "",
        f"{len(cases)} cases of {len({r.problem for r in results})} problems, seed {seed}: "
        f"{right} correct gradients and {len(cases) - right} wrong ones. Each checker runs with its default settings.",
        "",
        *(f"* {peer}: {CHECKERS[peer]}" for peer in peers),
        "",
        COLUMN_LEGEND,
        "",
        *_table(["condition", "what changes"], CONDITION_LEGEND, figures=False),
        *_table(["mistake", "what is wrong"], MISTAKE_LEGEND, figures=False),
        "## All conditions",
        "",
        *_table(["checker", *COLUMNS], [_row(peer, [r for r in results if r.peer == peer]) for peer in peers]),
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
        lines += [f"## Cases that {SUBJECT} decided wrongly or not at all", ""]
        lines += _listed("False alarms", own, lambda r: r.mistake is None and r.answer.verdict == "fail")
        lines += _listed("Mistakes that passed", own, lambda r: r.mistake is not None and r.answer.verdict == "pass")
        lines += _listed("Undecided", own, lambda r: r.answer.verdict == "undecided")
        lines += _listed("Errors", own, lambda r: r.answer.verdict == "error")
    return "\n".join(lines).rstrip()
