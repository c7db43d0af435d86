"""`gradcheck demo`: a right gradient that was called wrong, the repair that broke it, and why the loss was stuck.

Everything on the screen is measured while one waits: both programs checked, the textbook's check beside, the plateau,
RMSProp with either gradient, the answer's own RMSProp against the reference, and iRprop⁻.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from gradcheck.app.examples.ensemble import Ensemble
from gradcheck.app.examples.xor import BATCH, RATE, START, AnswerNetwork, QuestionNetwork
from gradcheck.checks.gradients import check_gradients
from gradcheck.nn import IRpropMinus, RMSProp
from gradcheck.reports.numbers import size
from gradcheck.reports.report import Report
from gradcheck.reports.text import COLOUR
from gradcheck.training.optimisers.checking import check_optimiser
from gradcheck.training.optimisers.report import OptimiserReport
from gradcheck.verdicts.verdict import Verdict

Array = NDArray[np.float64]

#: Size of the weights at the generic point.
GENERIC = 1.0

#: Steps of plain descent; steps of RMSProp after which the losses are shown; and the most that iRprop⁻ may take.
DESCENT, MILESTONES, MOST = 1000, (500, 1000, 2000, 5000), 1000

#: A loss that counts as learnt.
LEARNT = 1e-6


@dataclass(frozen=True, slots=True)
class Episode:
    """One network at one point, checked by gradcheck and by the textbook's method."""

    title: str
    scale: float
    report: Report
    textbook: Report


@dataclass(frozen=True, slots=True)
class Plateau:
    """Plain descent from the question's start: loss and norm of the gradient before and after, and how units differ."""

    losses: tuple[float, float]
    norms: tuple[float, float]
    differ: float


@dataclass(frozen=True, slots=True)
class Story:
    """All that the demo shows.

    Attributes
    ----------
    seed : int
    episodes : tuple of Episode
    plateau : Plateau
    race : ndarray, shape (milestones, 2)
        Losses of RMSProp with the right gradient and with the wrong one.
    rule : OptimiserReport
        Of the answer's RMSProp.
    signs : int or None
        Steps of iRprop⁻ until the loss is learnt; None if it takes too many.
    """

    seed: int
    episodes: tuple[Episode, ...]
    plateau: Plateau
    race: Array
    rule: OptimiserReport
    signs: int | None


def story(seed: int) -> Story:
    """Measure everything."""
    return Story(seed, episodes(seed), plateau(seed), race(seed), answers_rule(seed), signs(seed))


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


def plateau(seed: int) -> Plateau:
    """Walk a thousand steps of the question's training."""
    network = QuestionNetwork(seed=seed)
    losses, norms = [], []
    for step in range(DESCENT + 1):
        gradient = network.gradient(*BATCH)
        if step in (0, DESCENT):
            losses.append(network.loss(*BATCH))
            norms.append(float(np.sqrt(sum(np.sum(slope**2) for slope in gradient.values()))))
        for name, slope in gradient.items():
            network.params[name] -= RATE * slope
    hidden = network.forward(BATCH[0])[0]
    return Plateau((losses[0], losses[1]), (norms[0], norms[1]), float(np.ptp(hidden, axis=1).max()))


def race(seed: int) -> Array:
    """Train from the question's start by RMSProp, with the right gradient and with the answer's."""
    networks, optimiser = Ensemble([seed, seed], wrong=[False, True]), RMSProp(0.01, decay=0.9, eps=1e-9)
    losses = []
    for step in range(1, MILESTONES[-1] + 1):
        optimiser.step(networks.params, networks.gradient())
        if step in MILESTONES:
            losses.append(networks.losses())
    return np.array(losses)


def rmsprop(w: Array, dw: Array, state: dict[str, Array]) -> None:
    """The answer's update of one array: 1 − 0.1 stands where 1 − 0.9 was meant."""
    state["square"] = 0.9 * state.get("square", np.zeros_like(w)) + (1 - 0.1) * dw**2
    w -= 0.01 * dw / (np.sqrt(state["square"]) + 1e-9)


def answers_rule(seed: int) -> OptimiserReport:
    """Hold the answer's RMSProp against the reference."""
    return check_optimiser(rmsprop, each=True, rate=0.01, decay=0.9, eps=1e-9, rng=seed)


def signs(seed: int) -> int | None:
    """Count the steps that iRprop⁻ takes to learn, with the question's gradient and from its start."""
    network, optimiser = Ensemble([seed], wrong=[False]), IRpropMinus(0.01, largest=1.0)
    for step in range(MOST):
        if network.losses()[0] < LEARNT:
            return step
        optimiser.step(network.params, network.gradient())
    return None


_QUESTION = (
    "A 2-5-1 sigmoid network is to learn XOR by descent on its cross-entropy; the loss stays at 0.6931 = ln 2. The "
    "accepted answer multiplies the output's delta by σ′(z) and takes RMSProp. Whose gradient is right?"
)

_CONCLUSION = (
    "The question's gradient is right: σ′(z) = p(1 − p) has cancelled in p − y. The answer's is wrong: it is that of "
    "the squared error, near a quarter of the right one at the start only. It learns because RMSProp does not mind "
    "how small a gradient is."
)


def render_demo(found: Story) -> RenderableType:
    """The demo for rich, on one screen."""
    heading = Text("  gradcheck and, beside it, the textbook (one step of 1e-4, one ratio of norms)", style="dim")
    return Group(
        Text(_QUESTION),
        "",
        heading,
        _checks(found.episodes),
        *_named(found.episodes),
        "",
        *_stuck(found.plateau),
        "",
        _race(found.race),
        *_rules(found),
        "",
        Text(_CONCLUSION),
        _cost(found),
    )


def _checks(found: tuple[Episode, ...]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    blocks = tuple(found[0].report.blocks)
    for name in ("weights", *blocks, "largest gap", "textbook", "says"):
        table.add_column(name, no_wrap=True, justify="right" if name == "textbook" else "left")
    for episode in found:
        each = episode.report.blocks.values()
        worst = max(each, key=lambda block: block.relative_error)
        table.add_row(
            f"{episode.title} × {episode.scale:g}",
            *(_verdict(block.verdict) for block in each),
            f"{size(worst.relative_error)} ± {size(worst.error_bar)}",
            size(whole_ratio(episode.textbook)),
            _verdict(episode.textbook.verdict),
        )
    return table


def whole_ratio(report: Report) -> float:
    """The textbook's one number, ‖claimed − numeric‖ / (‖claimed‖ + ‖numeric‖), from those of the blocks."""
    blocks = [(block.relative_error, block.claimed_norm, block.numeric_norm or 0.0) for block in report.blocks.values()]
    gap = math.hypot(*(ratio * (claimed + numeric) for ratio, claimed, numeric in blocks))
    return gap / (math.hypot(*(claimed for _, claimed, _ in blocks)) + math.hypot(*(numeric for *_, numeric in blocks)))


def _named(found: tuple[Episode, ...]) -> Iterator[Text]:
    """What the findings say, and how the ratio of claim and slope varies: it is no constant."""
    for episode in found:
        for finding in episode.report.findings:
            ratio = next((part for part in finding.evidence.split("; ") if part.startswith("claimed/numeric")), "")
            yield Text.assemble(
                (f"{episode.title} × {episode.scale:g}: ", "bold"),
                (f"{finding.code} {finding.slug}", "red"),
                f"; {ratio}" if ratio else "",
            )


def _stuck(found: Plateau) -> Iterator[Text]:
    yield Text.assemble(
        ("Why the loss is stuck. ", "bold"),
        f"{DESCENT:,} steps at {RATE:g} take it from {found.losses[0]:.6f} to {found.losses[1]:.6f}, and the norm of "
        f"its gradient from {size(found.norms[0])} to {size(found.norms[1])}: a plateau. The five hidden units differ "
        f"by {found.differ:.2g} at most, and do the work of one.",
    )


def _race(losses: Array) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("RMSProp from there, after", no_wrap=True)
    for step in MILESTONES:
        table.add_column(f"{step:,}" + (" steps" if step == MILESTONES[0] else ""), justify="right", no_wrap=True)
    table.add_row("loss, right gradient", *map(size, losses[:, 0]))
    table.add_row("loss, with σ′ too many", *map(size, losses[:, 1]))
    table.add_row(
        "times as much", *(f"{ratio:,.0f}" if ratio >= 100 else f"{ratio:.2g}" for ratio in losses[:, 1] / losses[:, 0])
    )
    return table


def _rules(found: Story) -> Iterator[Text]:
    yield Text.assemble(
        ("The answer's RMSProp", "bold"),
        " against the reference: ",
        _verdict(found.rule.verdict),
        f", {found.rule.mistake}. {found.rule.message}",
    )
    learnt = f"below {LEARNT:g} after {found.signs} steps" if found.signs else f"not below {LEARNT:g} in {MOST:,} steps"
    yield Text.assemble(("iRprop−", "bold"), f", which goes by signs alone, right gradient: {learnt}")


def _cost(found: Story) -> Text:
    ours = sum(episode.report.evaluations for episode in found.episodes)
    theirs = sum(episode.textbook.evaluations for episode in found.episodes)
    return Text(
        f"{ours} evaluations by gradcheck, {theirs} by the textbook; reproduce with --seed {found.seed}", style="dim"
    )


def _verdict(verdict: Verdict) -> Text:
    return Text(verdict.value, style=COLOUR[verdict])
