"""`gradcheck demo`: a right gradient that was thought to be wrong, the change that broke it, and the real problem.

Everything is measured when the command runs: the checks of both networks by gradcheck and by the method of textbooks,
the plateau, RMSProp with either gradient, the answer's RMSProp compared with the reference, and iRprop⁻.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.measure import Measurement
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


@dataclass(frozen=True)
class DemoSettings:
    """What the demo runs.

    Attributes
    ----------
    generic_scale : float
        Size of the weights at the second point of each check, where no unit is like another.
    descent_steps : int
        Steps of plain gradient descent on the plateau.
    milestones : tuple of int
        Steps of RMSProp after which the losses are shown.
    rate, decay, eps : float
        Settings of RMSProp, those of the answer.
    largest_step : float
        Largest step of iRprop⁻. With its usual 50 one of the first eight seeds does not learn, and sigmoids overflow.
    max_steps : int
        Largest number of steps of iRprop⁻.
    learned_loss : float
        A loss below this counts as learned.
    """

    generic_scale: float = 1.0
    descent_steps: int = 1000
    milestones: tuple[int, ...] = (500, 1000, 2000, 5000)
    rate: float = 0.01
    decay: float = 0.9
    eps: float = 1e-9
    largest_step: float = 1.0
    max_steps: int = 1000
    learned_loss: float = 1e-6


DEMO = DemoSettings()

#: The parameter whose ratio of claimed to numerical derivative is shown: one array of several entries with small
#: error bars.
RATIO_OF = "w2"


@dataclass(frozen=True, slots=True)
class NetworkCheck:
    """One network at one point, checked by gradcheck and by the method of textbooks."""

    title: str
    scale: float
    report: Report
    textbook: Report


@dataclass(frozen=True, slots=True)
class Plateau:
    """Plain descent from the question's start.

    Attributes
    ----------
    losses, norms : tuple of float
        Loss and norm of the gradient at the start and at the end.
    unit_difference : float
        Largest difference between the outputs of two hidden units for the same sample.
    """

    losses: tuple[float, float]
    norms: tuple[float, float]
    unit_difference: float


@dataclass(frozen=True, slots=True)
class DemoResults:
    """All results that the demo shows.

    Attributes
    ----------
    seed : int
    checks : tuple of NetworkCheck
    plateau : Plateau
    rmsprop_losses : ndarray, shape (milestones, 2)
        Losses of RMSProp with the right gradient and with the wrong one.
    rule : OptimiserReport
        Check of the answer's RMSProp.
    irprop_steps : int or None
        Steps of iRprop⁻ until the loss is learned; None if it takes too many.
    """

    seed: int
    checks: tuple[NetworkCheck, ...]
    plateau: Plateau
    rmsprop_losses: Array
    rule: OptimiserReport
    irprop_steps: int | None


def run_demo(seed: int) -> DemoResults:
    """Measure everything."""
    return DemoResults(
        seed,
        check_networks(seed),
        measure_plateau(seed),
        compare_rmsprop(seed),
        check_answers_rmsprop(seed),
        count_irprop_steps(seed),
    )


def check_networks(seed: int) -> tuple[NetworkCheck, ...]:
    """Check both networks at their start and at a generic point."""
    found = []
    for title, network in (("question", QuestionNetwork), ("answer", AnswerNetwork)):
        for scale in (START, DEMO.generic_scale):
            model = network(scale=scale, seed=seed)
            report = check_gradients(model, batch=BATCH, rng=seed)
            textbook = check_gradients(model, batch=BATCH, rng=seed, method="textbook")
            found.append(NetworkCheck(title, scale, report, textbook))
    return tuple(found)


def measure_plateau(seed: int) -> Plateau:
    """Run the first steps of the question's training."""
    network = QuestionNetwork(seed=seed)
    losses, norms = [], []
    for step in range(DEMO.descent_steps + 1):
        gradient = network.gradient(*BATCH)
        if step in (0, DEMO.descent_steps):
            losses.append(network.loss(*BATCH))
            norms.append(float(np.sqrt(sum(np.sum(slope**2) for slope in gradient.values()))))
        for name, slope in gradient.items():
            network.params[name] -= RATE * slope
    hidden = network.forward(BATCH[0])[0]
    return Plateau((losses[0], losses[1]), (norms[0], norms[1]), float(np.ptp(hidden, axis=1).max()))


def compare_rmsprop(seed: int) -> Array:
    """Train from the question's start by RMSProp, with the right gradient and with the answer's; return the losses."""
    networks = Ensemble([seed, seed], wrong=[False, True])
    optimiser = RMSProp(DEMO.rate, decay=DEMO.decay, eps=DEMO.eps)
    losses = []
    for step in range(1, DEMO.milestones[-1] + 1):
        optimiser.step(networks.params, networks.gradient())
        if step in DEMO.milestones:
            losses.append(networks.losses())
    return np.array(losses)


def answers_rmsprop(w: Array, dw: Array, state: dict[str, Array]) -> None:
    """The answer's update of one array, with 1 − 0.1 instead of 1 − 0.9."""
    state["square"] = 0.9 * state.get("square", np.zeros_like(w)) + (1 - 0.1) * dw**2
    w -= 0.01 * dw / (np.sqrt(state["square"]) + 1e-9)


def check_answers_rmsprop(seed: int) -> OptimiserReport:
    """Compare the answer's RMSProp with the reference."""
    return check_optimiser(answers_rmsprop, each=True, rate=DEMO.rate, decay=DEMO.decay, eps=DEMO.eps, rng=seed)


def count_irprop_steps(seed: int) -> int | None:
    """Count the steps that iRprop⁻ needs to learn, with the question's gradient and from its start."""
    network, optimiser = Ensemble([seed], wrong=[False]), IRpropMinus(DEMO.rate, largest=DEMO.largest_step)
    for step in range(DEMO.max_steps):
        if network.losses()[0] < DEMO.learned_loss:
            return step
        optimiser.step(network.params, network.gradient())
    return None


_QUESTION = (
    "A network of sigmoids (2 inputs, 5 hidden units, 1 output) is trained on XOR by gradient descent on the "
    "cross-entropy. The loss stays at 0.6931 = ln 2. The accepted answer multiplies the derivative at the output by "
    "σ′(z) and uses RMSProp. Which of the two gradients is right?"
)

_CONCLUSION = (
    "The question's gradient is right: the factor σ′(z) = p(1 − p) cancels in p − y. The answer's gradient is wrong: "
    "it belongs to the squared error, and only at the start is it close to a quarter of the right one. The network "
    "learns anyway, because RMSProp divides the gradient by its own size."
)

#: Columns of the demonstration where no terminal says how wide it is.
WIDTH = 100

_COLUMNS = (
    "weights: their standard deviation. largest gap: of any parameter, relative, ± error bar. Last two columns: the "
    "textbook check, with one step size of 1e-4 and one ratio of norms."
)


def render_demo(results: DemoResults) -> RenderableType:
    """Lay out the results on one screen."""
    return Group(
        Text(_QUESTION),
        "",
        Text(_COLUMNS, style="dim"),
        _checks(results.checks),
        *_findings(results.checks),
        "",
        _plateau(results.plateau),
        "",
        _rmsprop(results.rmsprop_losses),
        *_optimisers(results),
        "",
        Text(_CONCLUSION),
        _cost(results),
    )


class _Table:
    """A table where the terminal is wide enough for it, else a line of text for each row, with what the cells are.

    Parameters
    ----------
    *columns : str
    """

    def __init__(self, *columns: str) -> None:
        self._columns, self._rows = columns, list[tuple[str | Text, ...]]()

    def add_row(self, *cells: str | Text) -> None:
        """Add a row: the first cell is its name, numbers are aligned at their end."""
        self._rows.append(cells)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
        for name in self._columns:
            table.add_column(name, no_wrap=True, justify="right" if name in _NUMBERS or name[:1].isdigit() else "left")
        for row in self._rows:
            table.add_row(*row)
        if Measurement.get(console, options.update(max_width=_WIDEST), table).maximum <= options.max_width:
            yield table
            return
        for first, *cells in self._rows:
            named = [Text.assemble(f"{name} ", cell) for name, cell in zip(self._columns[1:], cells, strict=True)]
            yield Text.assemble(first, ": ", Text(", ").join(named))


#: Columns of numbers of one kind, and a width that no table has.
_NUMBERS, _WIDEST = ("textbook",), 1000


def _checks(checks: tuple[NetworkCheck, ...]) -> _Table:
    table = _Table("network", "weights", *checks[0].report.blocks, "largest gap", "textbook", "verdict")
    for check in checks:
        blocks = check.report.blocks.values()
        worst = max(blocks, key=lambda block: block.relative_error)
        table.add_row(
            check.title,
            f"{check.scale:g}",
            *(_verdict(block.verdict) for block in blocks),
            f"{size(worst.relative_error)} ± {size(worst.error_bar)}",
            size(overall_ratio(check.textbook)),
            _verdict(check.textbook.verdict),
        )
    return table


def overall_ratio(report: Report) -> float:
    """The one number of the textbook check, ‖claimed − numeric‖ / (‖claimed‖ + ‖numeric‖), from those of the blocks."""
    blocks = [(block.relative_error, block.claimed_norm, block.numeric_norm or 0.0) for block in report.blocks.values()]
    gap = math.hypot(*(ratio * (claimed + numeric) for ratio, claimed, numeric in blocks))
    return gap / (math.hypot(*(claimed for _, claimed, _ in blocks)) + math.hypot(*(numeric for *_, numeric in blocks)))


def ratio_range(report: Report, name: str) -> tuple[float, float]:
    """Smallest and largest ratio of claimed to numerical derivative among the measured entries of a block."""
    ratios = [entry.claimed / entry.numeric for entry in report.blocks[name].entries]
    return min(ratios), max(ratios)


def _findings(checks: tuple[NetworkCheck, ...]) -> Iterator[Text]:
    """Name the mistakes, and show that the ratio of claimed to numerical gradient is not constant."""
    for check in checks:
        for finding in check.report.findings:
            low, high = ratio_range(check.report, RATIO_OF)
            digits = 1 - math.floor(math.log10(high - low)) if high > low else 4  # two digits of the difference
            yield Text.assemble(
                (f"{check.title}, weights {check.scale:g}: ", "bold"),
                (f"{finding.code} {finding.slug}", "red"),
                f"; claimed / numeric in {RATIO_OF}: {low:.{digits}f} to {high:.{digits}f}",
            )


def _plateau(found: Plateau) -> Text:
    return Text.assemble(
        ("Why the loss is stuck. ", "bold"),
        f"In {DEMO.descent_steps:,} steps with learning rate {RATE:g} the loss goes from {found.losses[0]:.6f} to "
        f"{found.losses[1]:.6f}, and the norm of its gradient from {size(found.norms[0])} to {size(found.norms[1])}: a "
        f"plateau. The outputs of the five hidden units differ by at most {found.unit_difference:.2g}, so they act as "
        "one unit.",
    )


def _rmsprop(losses: Array) -> _Table:
    first, *later = (f"{step:,}" for step in DEMO.milestones)
    table = _Table("RMSProp from the same start, after", f"{first} steps", *later)
    table.add_row("loss with the right gradient", *map(size, losses[:, 0]))
    table.add_row("loss with the wrong gradient", *map(size, losses[:, 1]))
    ratios = losses[:, 1] / losses[:, 0]
    table.add_row("wrong / right", *(f"{ratio:,.0f}" if ratio >= 100 else f"{ratio:.2g}" for ratio in ratios))
    return table


def _optimisers(results: DemoResults) -> Iterator[Text]:
    yield Text.assemble(
        ("The answer's RMSProp", "bold"),
        " compared with the reference: ",
        _verdict(results.rule.verdict),
        f", {results.rule.mistake}. {results.rule.message}",
    )
    steps = results.irprop_steps
    learned = (
        f"is below {DEMO.learned_loss:g} after {steps} steps"
        if steps is not None
        else f"is not below {DEMO.learned_loss:g} after {DEMO.max_steps:,} steps"
    )
    yield Text.assemble(
        ("iRprop−", "bold"), f" uses only the signs of the gradient; with the right one, the loss {learned}"
    )


def _cost(results: DemoResults) -> Text:
    ours = sum(check.report.evaluations for check in results.checks)
    textbook = sum(check.textbook.evaluations for check in results.checks)
    return Text(
        f"Evaluations of the loss: {ours} by gradcheck, {textbook} by the textbook check; reproduce with --seed "
        f"{results.seed}",
        style="dim",
    )


def _verdict(verdict: Verdict) -> Text:
    return Text(verdict.value, style=COLOUR[verdict])
