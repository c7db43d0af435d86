"""What the doctor's plots show: one function a panel, each of which draws on a figure or on a part of one."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.reports.signs import visible
from gradcheck.training.doctor.causes.step_counts import exact_count
from gradcheck.training.doctor.figure_data import FigureData, LossSlice
from gradcheck.training.doctor.gradient_flow import GradientFlow
from gradcheck.training.doctor.hidden_units import HiddenLayer
from gradcheck.training.doctor.trajectory import Trajectory
from gradcheck.training.doctor.trial_settings import TrialKind

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure, SubFigure

Array = NDArray[np.float64]

#: Colours that are distinct for colour-blind readers and in grey: M. Okabe and K. Ito, Color Universal Design, 2008.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
DASHES = ("-", "--", "-.", ":")

#: Number of trials that are plotted, the best ones; the unchanged training is plotted in addition.
MAX_CURVES = 6

#: Number of hidden layers that are plotted.
MAX_LAYERS = 6

#: Losses above this multiple of the initial loss are clipped, so that one diverging trial leaves the others visible.
CLIP_FACTOR = 1e6

#: Steps are labelled in millions from here on, and in powers of ten from the second number on.
MILLIONS_FROM, POWERS_FROM = 2e6, 1e10

#: The way out is drawn a second time, closer, if the loss takes less than this fraction of it for the fall.
CLOSER_BELOW = 0.25

#: The fall begins when the loss has made this fraction of it, and ends when no more is left; so much more, in its
#: durations, is drawn before one at the end of the way, and after one at its start.
FALL_BEGINS, BEFORE_FALL = 0.02, 0.5

#: Slopes below this are counted as flat in the titles of the histograms, as in the cause `saturated-units`.
FLAT_SLOPE_SHOWN = 1e-3


@dataclass(frozen=True)
class Panel:
    """One picture.

    Attributes
    ----------
    name : str
        Of its file.
    height : callable
        Inches that it needs for some data; 0 if there is nothing to draw.
    draw : callable
        Draws it.
    says : str
        What it shows, for readers who cannot see it.
    """

    name: str
    height: Callable[[FigureData], float]
    draw: Callable[[Figure | SubFigure, FigureData], None]
    says: str


def _axes(canvas: Figure | SubFigure, rows: int = 1) -> list[Axes]:
    """Axes one below the other."""
    found = canvas.subplots(rows, 1, squeeze=False)
    return [found[i][0] for i in range(rows)]


def _head(canvas: Figure | SubFigure, text: str) -> None:
    canvas.suptitle(visible(text), x=0.01, ha="left", fontsize=12, parse_math=False)


def _training_height(data: FigureData) -> float:
    drawn = data.trajectory is not None and len(data.trajectory.steps) > 1 and not data.trials
    return 3.4 if drawn else 0.0


def training(canvas: Figure | SubFigure, data: FigureData) -> None:
    """Loss during the user's own training."""
    (axes,) = _axes(canvas)
    trajectory = data.trajectory
    assert trajectory is not None
    steps, (losses,) = _on_common_steps([trajectory])
    axes.plot(steps, losses, color=COLOURS[0], linewidth=1.8)
    _baseline_line(axes, data)
    if (losses > 0).all():
        axes.set_yscale("log")
    axes.set_xlabel("step")
    axes.set_ylabel("loss")
    axes.set_title(visible(f"{data.title}: the first steps of the training"), parse_math=False)


def _trials_height(data: FigureData) -> float:
    return 4.6 if data.trials else 0.0


def trial_curves(canvas: Figure | SubFigure, data: FigureData) -> None:
    """Loss during the best trials: median and range over the seeds."""
    (axes,) = _axes(canvas)
    unchanged = [trial for trial in data.trials if trial.settings.kind is TrialKind.UNCHANGED]
    best = [trial for trial in data.trials if trial.settings.kind is not TrialKind.UNCHANGED][:MAX_CURVES]
    for i, trial in enumerate([*best, *unchanged]):
        style = _line(i) if i < len(best) else {"color": "#000000", "linestyle": (0, (1, 1))}
        steps, losses = _on_common_steps(trial.trajectories)
        if not steps.size:
            continue
        middle = np.median(losses, axis=0)
        axes.plot(steps, middle, label=trial.name, linewidth=1.8, **style)
        axes.plot(steps[-1:], middle[-1:], "o", color=style["color"], markersize=4)
        if len(losses) > 1:
            axes.fill_between(
                steps, losses.min(axis=0), losses.max(axis=0), color=style["color"], alpha=0.12, linewidth=0
            )
    _baseline_line(axes, data)
    if all(trajectory.losses[-1] > 0 for trial in [*best, *unchanged] for trajectory in trial.trajectories):
        axes.set_yscale("log")
    axes.set_xlabel("step")
    axes.set_ylabel("loss")
    axes.set_title(visible(f"{data.title}: trials (median and range of the seeds)"), parse_math=False)
    axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), fontsize=9)


def _on_common_steps(trajectories: Sequence[Trajectory]) -> tuple[Any, Any]:
    """Losses of several trajectories at the same steps; one that ended early keeps its last loss."""
    steps = np.unique(np.concatenate([each.steps for each in trajectories]))
    losses = [np.array(each.losses)[np.searchsorted(each.steps, steps, side="right") - 1] for each in trajectories]
    return steps, np.clip(np.array(losses), None, CLIP_FACTOR * abs(trajectories[0].initial_loss) + 1e-300)


def _line(i: int) -> dict[str, Any]:
    return {"color": COLOURS[i % (len(COLOURS) - 1)], "linestyle": DASHES[i % len(DASHES)]}


def _baseline_line(axes: Axes, data: FigureData, *, below: bool = False) -> None:
    """A horizontal line at the constant-prediction baseline."""
    if data.baseline is None:
        return
    level, name = data.baseline.loss, data.baseline.name
    axes.axhline(level, color="#777777", linewidth=0.9, zorder=0)
    axes.annotate(
        f"constant prediction: {name or f'{level:.4g}'}",
        (0.01 if below else 0.995, level),
        xycoords=("axes fraction", "data"),
        xytext=(0, -4 if below else 5),
        textcoords="offset points",
        ha="left" if below else "right",
        va="top" if below else "bottom",
        fontsize=8,
        color="#444444",
    )


def _way_out_height(data: FigureData) -> float:
    flow = data.gradient_flow
    return 5.4 if flow is not None and data.effective_step is not None and len(flow.times) >= 3 else 0.0


def way_out(canvas: Figure | SubFigure, data: FigureData) -> None:
    """Loss and norm of the gradient along the gradient flow; where the fall is short beside the way, closer as well."""
    flow, rate = data.gradient_flow, data.effective_step
    assert flow is not None
    assert rate is not None
    steps = np.array(flow.times) / rate
    begin = fall_begins(flow) / rate
    closer = flow.time_to_escape is not None and steps[-1] - begin < CLOSER_BELOW * steps[-1]
    end = fall_ends(flow) / rate
    early = not closer and 0 < end < CLOSER_BELOW * steps[-1]
    ratios = [2.0, 1.0] if closer or early else [1.0]
    columns = canvas.subplots(2, len(ratios), width_ratios=ratios, sharey="row", sharex="col", squeeze=False)
    values = ((flow.losses, "loss"), (flow.gradient_norms, "‖∇J‖"))
    for row, (numbers, label), colour in zip(columns, values, COLOURS, strict=False):
        row[0].set_ylabel(label)
        for axes in row:
            axes.plot(steps, numbers, color=colour, linewidth=1.8)
    columns[1][0].set_yscale("log")
    _baseline_line(columns[0][0], data, below=True)
    columns[0][0].set_title("the whole way")
    columns[1][0].set_xlabel(
        _count_steps(list(columns[:, 0]), steps[-1], f"steps of gradient descent, step size {rate:g}")
    )
    _mark_steps(list(columns[:, 0]), data, flow, rate)
    if closer:
        first = begin - BEFORE_FALL * (steps[-1] - begin)
        for axes in columns[:, 1]:
            axes.set_xlim(first, steps[-1] + 0.04 * (steps[-1] - first))
        columns[0][1].set_title("the fall, closer")
        columns[1][1].set_xlabel(
            _count_steps(list(columns[:, 1]), steps[-1] - first, "steps from the end", steps[-1], most=3)
        )
    elif early:
        reach = (1 + BEFORE_FALL) * end
        for axes in columns[:, 1]:
            axes.set_xlim(-0.04 * reach, reach)
        columns[0][1].set_title("the fall, closer")
        columns[1][1].set_xlabel(_count_steps(list(columns[:, 1]), reach, "steps from the start", most=3))
    _head(canvas, f"{data.title}: escape along the gradient flow")


def fall_begins(flow: GradientFlow) -> float:
    """The last time at which the loss has made next to nothing of its fall."""
    losses = np.array(flow.losses)
    level = losses.max() - FALL_BEGINS * (losses.max() - losses[-1])
    above = np.flatnonzero(losses >= level)
    return flow.times[int(above[-1])]


def fall_ends(flow: GradientFlow) -> float:
    """The first time at which next to nothing of the fall of the loss is left; 0 if it does not fall."""
    losses = np.array(flow.losses)
    level = losses[-1] + FALL_BEGINS * (losses.max() - losses[-1])
    return flow.times[int(np.flatnonzero(losses <= level)[0])] if losses.max() > losses[-1] else 0.0


def _count_steps(column: Sequence[Axes], reach: float, what: str, origin: float = 0.0, *, most: int = 5) -> str:
    """Label an axis with numbers that people can read; returns its title."""
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    power = 0
    if reach >= MILLIONS_FROM:
        power = 6 if reach < POWERS_FROM else math.floor(math.log10(reach))
    unit = 10.0**power
    marks = MaxNLocator(most).tick_values(-reach / unit if origin else 0.0, 0.0 if origin else reach / unit)
    low, high = column[0].get_xlim()
    shown = [mark for mark in marks if low <= origin + mark * unit <= high]
    for axes in column:
        axes.set_xticks([origin + mark * unit for mark in shown])
        axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{round((x - origin) / unit, 6):,g}"))
    return {0: what, 6: f"millions of {what}"}.get(power, f"10{_superscript(power)} {what}")


def _superscript(number: int) -> str:
    return str(number).translate(str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹"))


def _mark_steps(column: Sequence[Axes], data: FigureData, flow: GradientFlow, rate: float) -> None:
    """Vertical lines where the training stops, and where the loss has halved."""
    out, last = flow.steps_to_escape(rate), flow.times[-1] / rate
    marks = [] if out is None else [(out, f"loss halved after {exact_count(out)} steps", "right", "--")]
    if data.step_budget is not None and data.step_budget < (last if out is None else out):
        side = "left" if data.step_budget < 0.5 * last else "right"
        marks.append((data.step_budget, f"the training stops after {data.step_budget:,}", side, ":"))
    for height, (place, text, side, dash) in zip((0.12, 0.3), marks, strict=False):
        for axes in column:
            axes.axvline(place, color="#555555", linewidth=1.2, linestyle=dash, zorder=0)
        column[0].annotate(
            text,
            (place, height),
            xycoords=("data", "axes fraction"),
            xytext=(6 if side == "left" else -6, 0),
            textcoords="offset points",
            ha=side,
            fontsize=9,
        )


def _gradients_height(data: FigureData) -> float:
    return 3.4 if sum(each.rms > 0 for each in data.layer_gradients) > 1 else 0.0


def gradient_norms(canvas: Figure | SubFigure, data: FigureData) -> None:
    """Size of the gradient at each layer with weights."""
    gradients = [each for each in data.layer_gradients if each.rms > 0]
    (axes,) = _axes(canvas)
    places = np.arange(len(gradients))
    axes.plot(places, [each.rms for each in gradients], color=COLOURS[0], marker="o", linewidth=1.5)
    names = [visible(each.name) for each in gradients]
    axes.set_xticks(places, names, rotation=30 if len(gradients) > 6 else 0, ha="center", parse_math=False)
    axes.set_yscale("log")
    axes.margins(y=0.25)
    axes.set_xlabel("layer, from input to output")
    axes.set_ylabel("root mean square of the gradient")
    axes.set_title(visible(f"{data.title}: gradient at each layer, at the start"), parse_math=False)


def _shown_layers(data: FigureData) -> list[HiddenLayer]:
    return [layer for layer in data.hidden_layers if not layer.up_to_factor][:MAX_LAYERS]


def _activations_height(data: FigureData) -> float:
    layers = len(_shown_layers(data))
    return 2.5 * layers + 0.3 if layers else 0.0


def activation_histograms(canvas: Figure | SubFigure, data: FigureData) -> None:
    """Outputs of the hidden units, one panel per layer."""
    layers = _shown_layers(data)
    axes = _axes(canvas, len(layers))
    for one, layer, i in zip(axes, layers, range(len(layers)), strict=True):
        values = layer.outputs.ravel()
        spread = float(values.max() - values.min())
        edges = np.linspace(values.min() - 0.05 * spread, values.max() + 0.05 * spread, 41).tolist()
        one.hist(values, bins=edges if spread > 0 else 41, color=COLOURS[i % 6], alpha=0.85)
        one.set_ylabel("observations")
        flat = ""
        if layer.slopes is not None:
            fraction = (abs(layer.slopes) < FLAT_SLOPE_SHOWN).mean()
            flat = f"; |f′| < {FLAT_SLOPE_SHOWN:g} for {fraction:.0%}"
        one.set_title(visible(f"{layer.name}: {layer.outputs.shape[1]} units{flat}"), parse_math=False)
    axes[-1].set_xlabel("output of a unit")
    _head(canvas, f"{data.title}: activations at the start")


def _slices_height(data: FigureData) -> float:
    return 3.0 * len(data.slices)


def loss_slices(canvas: Figure | SubFigure, data: FigureData) -> None:
    """Loss along the gradient and along the most negative curvature."""
    axes = _axes(canvas, len(data.slices))
    for one, each, colour in zip(axes, data.slices, COLOURS, strict=False):
        _plot_slice(one, each, colour)
    _head(canvas, f"{data.title}: slices of the loss")


def _plot_slice(axes: Axes, line: LossSlice, colour: str) -> None:
    shown = np.isfinite(line.losses)
    axes.plot(line.distances[shown], line.losses[shown], color=colour, linewidth=1.8, label="loss")
    low, high = np.quantile(line.losses[shown], [0.0, 1.0])
    parabola = line.loss + 0.5 * line.curvature * line.distances**2
    if line.step is not None:
        slope = np.gradient(line.losses, line.distances)[len(line.distances) // 2]
        parabola = parabola + slope * line.distances
        axes.plot(
            [line.step], [np.interp(line.step, line.distances, line.losses)], "s", color="#000000", label="one step"
        )
    axes.plot(
        line.distances, parabola, color="#777777", linestyle="--", linewidth=1.2, label=f"λ = {line.curvature:.2g}"
    )
    axes.plot([0], [line.loss], "o", color="#000000", markerfacecolor="white", label="this point")
    room = 0.08 * (high - low) or 0.05 * abs(high) or 1.0
    axes.set_ylim(low - room, high + room)
    axes.set_title(line.name)
    axes.set_xlabel("distance (norm of the change of all parameters)")
    axes.set_ylabel("loss")
    axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), fontsize=9)


PANELS = (
    Panel("training", _training_height, training, "The loss during the first steps of the training."),
    Panel("trials", _trials_height, trial_curves, "The loss during the trials: median and range of the seeds."),
    Panel("way-out", _way_out_height, way_out, "Loss and norm of the gradient along the gradient flow."),
    Panel("gradients", _gradients_height, gradient_norms, "The size of the gradient at each layer with weights."),
    Panel("activations", _activations_height, activation_histograms, "Histograms of the outputs of hidden units."),
    Panel("slices", _slices_height, loss_slices, "The loss along the gradient and along the lowest curvature."),
)
