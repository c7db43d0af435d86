"""The doctor's plots, written as SVG and PNG."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from gradcheck.errors import SubjectError
from gradcheck.training.doctor.figure_data import FigureData, LossSlice
from gradcheck.training.doctor.trajectory import Trajectory
from gradcheck.training.doctor.trial_settings import TrialKind

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: Colours that are distinct for colour-blind readers and in grey: M. Okabe and K. Ito, Color Universal Design, 2008.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
DASHES = ("-", "--", "-.", ":")

#: Number of trials that are plotted, the best ones; the unchanged training is plotted in addition.
MAX_CURVES = 6

#: Number of hidden layers that are plotted.
MAX_LAYERS = 6

#: Losses above this multiple of the initial loss are clipped, so that one diverging trial leaves the others visible.
CLIP_FACTOR = 1e6

#: Steps are labelled in millions from here on.
MILLIONS_FROM = 2e6

#: Slopes below this are counted as flat in the titles of the histograms, as in the cause `saturated-units`.
FLAT_SLOPE_SHOWN = 1e-3

_STYLE: Any = {
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 11,
    "axes.titlelocation": "left",
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#dddddd",
    "grid.linewidth": 0.6,
    "legend.frameon": False,
    "svg.hashsalt": "gradcheck",
    "svg.fonttype": "none",
    "figure.dpi": 110,
}


def save(data: FigureData, folder: Path) -> list[str]:
    """Write all plots to a folder.

    Parameters
    ----------
    data : FigureData
    folder : Path
        Created if it does not exist.

    Returns
    -------
    list of str
        Paths of the files.

    Raises
    ------
    SubjectError
        If matplotlib is not installed, or the folder cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with _style():
            written = []
            for name, draw in PLOTS.items():
                figure = draw(data)
                if figure is None:
                    continue
                for ending in ("svg", "png"):
                    path = folder / f"{name}.{ending}"
                    figure.savefig(path, metadata={"Date": None} if ending == "svg" else None, bbox_inches="tight")
                    written.append(str(path))
            return written
    except ImportError:
        raise SubjectError("plots needs matplotlib: pip install 'gradcheck[plots]'") from None
    except OSError as error:
        raise SubjectError(f"plots={str(folder)!r}: {error.strerror}") from None


@contextmanager
def _style() -> Iterator[None]:
    """Apply the plot style and restore the settings of matplotlib afterwards."""
    import matplotlib

    with matplotlib.rc_context(_STYLE):
        yield


def _figure(rows: int = 1, height: float = 4.0) -> tuple[Figure, list[Axes]]:
    """An empty figure, created without `pyplot` and its global state."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.6, height * rows), layout="constrained")
    axes = figure.subplots(rows, 1, squeeze=False)
    return figure, [axes[i][0] for i in range(rows)]


def trial_curves(data: FigureData) -> Figure | None:
    """Loss during the best trials: median and range over the seeds."""
    if not data.trials:
        return None
    figure, (axes,) = _figure(height=4.6)
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
    axes.set_title(f"{data.title}: trials (median and range of the seeds)")
    axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), fontsize=9)
    return figure


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


def way_out(data: FigureData) -> Figure | None:
    """Loss and norm of the gradient along the gradient flow."""
    flow, rate = data.gradient_flow, data.effective_step
    if flow is None or rate is None or len(flow.times) < 3:
        return None
    figure, (above, below) = _figure(rows=2, height=2.7)
    steps = np.array(flow.times) / rate
    unit, label = (1e6, "millions of steps") if steps[-1] >= MILLIONS_FROM else (1.0, "steps")
    steps = steps / unit
    above.plot(steps, flow.losses, color=COLOURS[0], linewidth=1.8)
    _baseline_line(above, data, below=True)
    above.set_ylabel("loss")
    above.set_title(f"{data.title}: escape along the gradient flow")
    below.plot(steps, flow.gradient_norms, color=COLOURS[1], linewidth=1.8)
    below.set_yscale("log")
    below.set_ylabel("‖∇J‖")
    below.set_xlabel(f"{label} of gradient descent, step size {rate:g}")
    steps_out = flow.steps_to_escape(rate)
    if steps_out is not None:
        for axes in (above, below):
            axes.axvline(steps_out / unit, color="#777777", linewidth=0.9, linestyle="--", zorder=0)
        above.annotate(
            f"loss halved after {steps_out:,.0f} steps",
            (steps_out / unit, 0.12),
            xycoords=("data", "axes fraction"),
            xytext=(-6, 0),
            textcoords="offset points",
            ha="right",
            fontsize=9,
        )
    return figure


def gradient_norms(data: FigureData) -> Figure | None:
    """Size of the gradient at each layer with weights."""
    gradients = [each for each in data.layer_gradients if each.rms > 0]
    if len(gradients) < 2:
        return None
    figure, (axes,) = _figure(height=3.4)
    places = np.arange(len(gradients))
    axes.plot(places, [each.rms for each in gradients], color=COLOURS[0], marker="o", linewidth=1.5)
    axes.set_xticks(places, [each.name for each in gradients], rotation=30 if len(gradients) > 6 else 0, ha="center")
    axes.set_yscale("log")
    axes.margins(y=0.25)
    axes.set_xlabel("layer, from input to output")
    axes.set_ylabel("root mean square of the gradient")
    axes.set_title(f"{data.title}: gradient at each layer, at the start")
    return figure


def activation_histograms(data: FigureData) -> Figure | None:
    """Outputs of the hidden units, one panel per layer."""
    layers = [layer for layer in data.hidden_layers if not layer.up_to_factor][:MAX_LAYERS]
    if not layers:
        return None
    figure, axes = _figure(rows=len(layers), height=2.5)
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
        one.set_title(f"{layer.name}: {layer.outputs.shape[1]} units{flat}")
    axes[-1].set_xlabel("output of a unit")
    figure.suptitle(f"{data.title}: activations at the start", x=0.01, ha="left", fontsize=12)
    return figure


def loss_slices(data: FigureData) -> Figure | None:
    """Loss along the gradient and along the most negative curvature."""
    if not data.slices:
        return None
    figure, axes = _figure(rows=len(data.slices), height=3.0)
    for one, each, colour in zip(axes, data.slices, COLOURS, strict=False):
        _plot_slice(one, each, colour)
    figure.suptitle(f"{data.title}: slices of the loss", x=0.01, ha="left", fontsize=12)
    return figure


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


#: File names and the functions that draw them.
PLOTS: dict[str, Callable[[FigureData], Any]] = {
    "trials": trial_curves,
    "way-out": way_out,
    "gradients": gradient_norms,
    "activations": activation_histograms,
    "slices": loss_slices,
}
