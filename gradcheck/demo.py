"""`gradcheck demo`: a right gradient that was called wrong, and the repair that broke it."""

from __future__ import annotations

from dataclasses import dataclass

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from gradcheck.api import check_gradients
from gradcheck.comparison import Verdict
from gradcheck.examples.xor import BATCH, START, AnswerNetwork, QuestionNetwork
from gradcheck.report import Report
from gradcheck.reports.numbers import size
from gradcheck.reports.text import COLOUR

#: Size of the weights at the generic point.
GENERIC = 1.0

_STORY = (
    "A 2-5-1 sigmoid network is trained on XOR with cross-entropy; its loss stays at 0.6931 = ln 2. Is the gradient "
    "wrong? The accepted answer on the question-and-answer site says so, and multiplies the output's delta by σ′(z). "
    "Both are checked with weights of size 0.01, their own start, and of size 1; beside, the textbook's check: one "
    "fixed step of 1e-4, one ratio of norms."
)

_CONCLUSION = (
    "The question's gradient is right: p - y is the derivative by the logit, for σ′(z) = p(1 - p) cancels. The loss "
    "does not move because five nearly equal hidden units, from weights of size 0.01, form a plateau.\n"
    "The answer's gradient is wrong: it is that of the squared error. At its own start it is close to a quarter of the "
    "right one, since σ′ is nearly ¼ for every sample there; but it is not a quarter, and at weights of size 1 it is "
    "far from it."
)


@dataclass(frozen=True, slots=True)
class Episode:
    """One network at one point, checked by gradcheck and by the textbook's method."""

    title: str
    scale: float
    report: Report
    textbook: Report


def episodes(seed: int) -> tuple[Episode, ...]:
    """Check both networks at their start and at a generic point."""
    found = []
    for title, network in (("question", QuestionNetwork), ("answer", AnswerNetwork)):
        for scale in (START, GENERIC):
            model = network(scale=scale, seed=seed)
            report = check_gradients(model, batch=BATCH, rng=seed)
            textbook = check_gradients(model, batch=BATCH, rng=seed, method="textbook")
            found.append(Episode(title, scale, report, textbook))
    return tuple(found)


def render_demo(found: tuple[Episode, ...]) -> RenderableType:
    """The demo for rich: the story, one table, what gradcheck saw, and what it means."""
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="dim")
    for name in ("network", "block", "gradcheck", "gap", "error bar", "resolution", "textbook", "says"):
        numbers = name in ("gap", "error bar", "resolution", "textbook")
        table.add_column(name, no_wrap=True, justify="right" if numbers else "left")
    for episode in found:
        for i, (name, block) in enumerate(episode.report.blocks.items()):
            ratio = episode.textbook.blocks[name]
            table.add_row(
                f"{episode.title} × {episode.scale:g}" if i == 0 else "",
                name,
                _verdict(block.verdict),
                size(block.relative_error),
                f"± {size(block.error_bar)}",
                size(block.resolution),
                size(ratio.relative_error),
                _verdict(ratio.verdict),
            )
    seen = [
        Text.assemble(
            (f"{e.title} × {e.scale:g}, {f.where}: ", "bold"),
            f"{f.message}. ",
            (f"{f.code} {f.slug}\n", "dim"),
            *(f"    {line}\n" for line in f.evidence.splitlines() if line.startswith("w2")),
        )
        for e in found
        for f in e.report.findings
    ]
    cost = Text(
        f"{sum(e.report.evaluations for e in found)} evaluations of the loss by gradcheck, "
        f"{sum(e.textbook.evaluations for e in found)} by the textbook; reproduce with --seed {found[0].report.seed}",
        style="dim",
    )
    return Group(Text(_STORY), "", table, "", *seen, Text(_CONCLUSION), cost)


def _verdict(verdict: Verdict) -> Text:
    return Text(verdict.value, style=COLOUR[verdict])
