"""What the doctor measured as pictures, SVG and PNG."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from gradcheck.errors import SubjectError
from gradcheck.training.doctor.figures import Pictures, Slice

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: Colours that people tell apart who see colours otherwise, and that differ in grey: M. Okabe and K. Ito, Color
#: Universal Design, 2008.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
DASHES = ("-", "--", "-.", ":")
MARKS = ("o", "s", "^", "D", "v", "P", "X")

#: Remedies whose curves are drawn, the best; the patient's own way always is.
SHOWN = 6

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


def save(pictures: Pictures, folder: Path) -> list[str]:
    """Draw everything into a folder.

    Parameters
    ----------
    pictures : Pictures
    folder : Path
        Made if it is not there.

    Returns
    -------
    list of str
        The files, as SVG and as PNG.

    Raises
    ------
    SubjectError
        If matplotlib is not installed, or the folder cannot be written to.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with _drawing():
            written = []
            for name, draw in PLOTS.items():
                figure = draw(pictures)
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
def _drawing() -> Iterator[None]:
    """Matplotlib without a window, and with its settings as they were afterwards."""
    import matplotlib

    with matplotlib.rc_context(_STYLE):
        yield


def _figure(rows: int = 1, height: float = 4.0) -> tuple[Figure, list[Axes]]:
    """An empty figure, without the state that `pyplot` keeps."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.6, height * rows), layout="constrained")
    axes = figure.subplots(rows, 1, squeeze=False)
    return figure, [axes[i][0] for i in range(rows)]


def trial_curves(pictures: Pictures) -> Figure | None:
    """The loss in the course of the best trials: the median over the seeds, and the range."""
    if not pictures.trials:
        return None
    figure, (axes,) = _figure(height=4.6)
    own = [trial for trial in pictures.trials if trial.name == "as it is"]
    best = [trial for trial in pictures.trials if trial not in own][:SHOWN]
    for i, trial in enumerate([*best, *own]):
        style = {"color": "#000000", "linestyle": (0, (1, 1))} if trial in own else _line(i)
        steps, losses = _together(trial.courses)
        if not steps.size:
            continue
        middle = np.median(losses, axis=0)
        axes.plot(steps, middle, label=trial.name, linewidth=1.8, **style)
        axes.plot(steps[-1:], middle[-1:], "o", color=style["color"], markersize=4)
        if len(losses) > 1:
            axes.fill_between(
                steps, losses.min(axis=0), losses.max(axis=0), color=style["color"], alpha=0.12, linewidth=0
            )
    _level(axes, pictures)
    if all((course.losses[-1] > 0) for trial in [*best, *own] for course in trial.courses):
        axes.set_yscale("log")
    axes.set_xlabel("step")
    axes.set_ylabel("loss")
    axes.set_title(f"{pictures.title}: what was tried (median and range of the seeds)")
    axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), fontsize=9)
    return figure


def _together(courses: Any) -> tuple[Any, Any]:
    """Losses of several courses at the same steps; a course that ended early stays where it was."""
    steps = np.unique(np.concatenate([course.steps for course in courses]))
    losses = [np.array(course.losses)[np.searchsorted(course.steps, steps, side="right") - 1] for course in courses]
    return steps, np.clip(np.array(losses), None, 1e6 * abs(courses[0].losses[0]) + 1e-300)


def _line(i: int) -> dict[str, Any]:
    return {"color": COLOURS[i % (len(COLOURS) - 1)], "linestyle": DASHES[i % len(DASHES)]}


def _level(axes: Axes, pictures: Pictures, *, below: bool = False) -> None:
    """A line where a constant answer has its loss."""
    if pictures.level is None:
        return
    level, name = pictures.level
    axes.axhline(level, color="#777777", linewidth=0.9, zorder=0)
    axes.annotate(
        f"a constant answer: {name or f'{level:.4g}'}",
        (0.01 if below else 0.995, level),
        xycoords=("axes fraction", "data"),
        xytext=(0, -4 if below else 5),
        textcoords="offset points",
        ha="left" if below else "right",
        va="top" if below else "bottom",
        fontsize=8,
        color="#444444",
    )


def way_out(pictures: Pictures) -> Figure | None:
    """The loss and the size of the gradient along the gradient flow."""
    way, rate = pictures.way, pictures.rate
    if way is None or rate is None or len(way.times) < 3:
        return None
    figure, (above, below) = _figure(rows=2, height=2.7)
    steps = np.array(way.times) / rate
    unit, called = (1e6, "millions of steps") if steps[-1] >= 2e6 else (1.0, "steps")
    steps = steps / unit
    above.plot(steps, way.losses, color=COLOURS[0], linewidth=1.8)
    _level(above, pictures, below=True)
    above.set_ylabel("loss")
    above.set_title(f"{pictures.title}: the way out along the gradient flow")
    below.plot(steps, way.norms, color=COLOURS[1], linewidth=1.8)
    below.set_yscale("log")
    below.set_ylabel("‖∇J‖")
    below.set_xlabel(f"{called} of plain descent, step size {rate:g}")
    if way.halved is not None:
        steps_out = way.halved / rate
        for axes in (above, below):
            axes.axvline(steps_out / unit, color="#777777", linewidth=0.9, linestyle="--", zorder=0)
        above.annotate(
            f"halved after {steps_out:,.0f} steps",
            (steps_out / unit, 0.12),
            xycoords=("data", "axes fraction"),
            xytext=(-6, 0),
            textcoords="offset points",
            ha="right",
            fontsize=9,
        )
    return figure


def gradient_norms(pictures: Pictures) -> Figure | None:
    """The gradient at each layer with weights."""
    signals = [signal for signal in pictures.signals if signal.size > 0]
    if len(signals) < 2:
        return None
    figure, (axes,) = _figure(height=3.4)
    places = np.arange(len(signals))
    axes.plot(places, [signal.size for signal in signals], color=COLOURS[0], marker="o", linewidth=1.5)
    axes.set_xticks(places, [signal.name for signal in signals], rotation=30 if len(signals) > 6 else 0, ha="center")
    axes.set_yscale("log")
    axes.margins(y=0.25)
    axes.set_xlabel("layer, from the input to the output")
    axes.set_ylabel("root mean square of the gradient")
    axes.set_title(f"{pictures.title}: the gradient at each layer, at the start")
    return figure


def activation_histograms(pictures: Pictures) -> Figure | None:
    """What the hidden units put out, a panel a layer."""
    layers = [layer for layer in pictures.layers if not layer.scaled][:SHOWN]
    if not layers:
        return None
    figure, axes = _figure(rows=len(layers), height=2.5)
    for one, layer, i in zip(axes, layers, range(len(layers)), strict=True):
        values = layer.outputs.ravel()
        spread = float(values.max() - values.min())
        edges = np.linspace(values.min() - 0.05 * spread, values.max() + 0.05 * spread, 41).tolist()
        one.hist(values, bins=edges if spread > 0 else 41, color=COLOURS[i % 6], alpha=0.85)
        one.set_ylabel("observations")
        flat = "" if layer.slopes is None else f"; |f′| < 0.001 for {(abs(layer.slopes) < 1e-3).mean():.0%}"
        one.set_title(f"{layer.name}: {layer.outputs.shape[1]} units{flat}")
    axes[-1].set_xlabel("output of a unit")
    figure.suptitle(f"{pictures.title}: activations at the start", x=0.01, ha="left", fontsize=12)
    return figure


def loss_slices(pictures: Pictures) -> Figure | None:
    """The loss along the gradient, and along the most negative curvature."""
    if not pictures.slices:
        return None
    figure, axes = _figure(rows=len(pictures.slices), height=3.0)
    for one, cut, i in zip(axes, pictures.slices, range(len(pictures.slices)), strict=True):
        _cut(one, cut, COLOURS[i])
    figure.suptitle(f"{pictures.title}: slices of the loss", x=0.01, ha="left", fontsize=12)
    return figure


def _cut(axes: Axes, cut: Slice, colour: str) -> None:
    shown = np.isfinite(cut.losses)
    axes.plot(cut.distances[shown], cut.losses[shown], color=colour, linewidth=1.8, label="loss")
    low, high = np.quantile(cut.losses[shown], [0.0, 1.0])
    parabola = cut.here + 0.5 * cut.curvature * cut.distances**2
    if cut.step is not None:
        slope = np.gradient(cut.losses, cut.distances)[len(cut.distances) // 2]
        parabola = parabola + slope * cut.distances
        axes.plot([cut.step], [np.interp(cut.step, cut.distances, cut.losses)], "s", color="#000000", label="one step")
    axes.plot(cut.distances, parabola, color="#777777", linestyle="--", linewidth=1.2, label=f"λ = {cut.curvature:.2g}")
    axes.plot([0], [cut.here], "o", color="#000000", markerfacecolor="white", label="here")
    room = 0.08 * (high - low) or 0.05 * abs(high) or 1.0
    axes.set_ylim(low - room, high + room)
    axes.set_title(cut.name)
    axes.set_xlabel("distance, as the norm of the change of all parameters")
    axes.set_ylabel("loss")
    axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), fontsize=9)


#: The files, and what draws them.
PLOTS: dict[str, Callable[[Pictures], Any]] = {
    "trials": trial_curves,
    "way-out": way_out,
    "gradients": gradient_norms,
    "activations": activation_histograms,
    "slices": loss_slices,
}
