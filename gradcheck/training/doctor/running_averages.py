"""Running averages of gradients, or of squared gradients, in the state of an optimiser object."""

from __future__ import annotations

import copy
from collections.abc import Hashable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True)
class AverageSearchSettings:
    """How the state of an optimiser is searched for averages.

    Attributes
    ----------
    steps, entries : int
        Steps on random gradients and entries of each: 28 equations for the two unknown weights of an average.
    fit_tolerance : float
        Largest residual of the fit of the two weights, relative to the state. Rounding is far below.
    max_depth : int
        Nesting of dicts, lists and objects up to which arrays are found.
    """

    steps: int = 5
    entries: int = 7
    fit_tolerance: float = 1e-9
    max_depth: int = 4


AVERAGE_SEARCH_SETTINGS = AverageSearchSettings()


@dataclass(frozen=True)
class RunningAverage:
    """A state that follows the gradient of a parameter: s ← decay·s + input_weight·gᵖ.

    Attributes
    ----------
    name : str
        Name of the state in the program or the object.
    path : hashable
        Access path of the state.
    power : int
        The exponent p: 1 or 2.
    decay, input_weight : float
    """

    name: str
    path: Hashable
    power: int
    decay: float
    input_weight: float

    @property
    def total_weight(self) -> float:
        """Sum of the weights of all gradients: input_weight/(1 − decay)."""
        return self.input_weight / (1 - self.decay)


def optimiser_averages(optimiser: Any) -> list[RunningAverage]:
    """Running averages in an object with ``step(params, grads)``, measured by a few steps of a copy of it.

    Examples
    --------
    >>> from gradcheck.nn import Adam
    >>> found = optimiser_averages(Adam(0.1))
    >>> [(each.power, round(each.decay, 9), round(each.total_weight, 9)) for each in found]
    [(1, 0.9, 1.0), (2, 0.999, 1.0)]
    """
    settings = AVERAGE_SEARCH_SETTINGS
    optimiser = copy.deepcopy(optimiser)
    if callable(getattr(optimiser, "reset", None)):
        optimiser.reset()
    gradients = np.random.default_rng(0).standard_normal((settings.steps, settings.entries))
    params, states = {"x": np.zeros(settings.entries)}, []
    try:
        for gradient in gradients:
            optimiser.step(params, {"x": gradient.copy()})
            states.append({path: (name, value.copy()) for path, name, value in _arrays(vars(optimiser), ())})
    except Exception:  # an optimiser for certain parameter names or shapes cannot be measured
        return []
    found = []
    for path, (name, _) in states[-1].items():
        if all(path in state for state in states):
            values = np.array([state[path][1] for state in states])
            fits = (_fit(name, path, power, values, gradients) for power in (1, 2))
            found += [fit for fit in fits if fit is not None]
    return found


def _fit(name: str, path: Hashable, power: int, values: Array, gradients: Array) -> RunningAverage | None:
    """Fit decay and input weight to the values of a state; None if they do not reproduce it."""
    columns = np.stack([values[:-1].ravel(), (gradients[1:] ** power).ravel()], axis=1)
    wanted = values[1:].ravel()
    if not (np.isfinite(columns).all() and np.isfinite(wanted).all() and wanted.any()):
        return None
    decay, input_weight = np.linalg.lstsq(columns, wanted, rcond=None)[0]
    residual = np.abs(columns @ [decay, input_weight] - wanted).max()
    # the first step starts from zero and must fit as well: other recurrences can agree from the second step on
    first = np.abs(values[0] - input_weight * gradients[0] ** power).max()
    if max(residual, first) > AVERAGE_SEARCH_SETTINGS.fit_tolerance * np.abs(wanted).max() or input_weight == 0:
        return None
    return RunningAverage(name, path, power, float(decay), float(input_weight))


def _arrays(value: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str, Array]]:
    """Access path, name and value of each array with the shape of the gradient."""
    if isinstance(value, np.ndarray):
        if value.shape == (AVERAGE_SEARCH_SETTINGS.entries,) and value.dtype.kind == "f":
            yield path, path[-1] if path[-1] != "x" or len(path) < 2 else path[-2], value
        return
    if len(path) >= AVERAGE_SEARCH_SETTINGS.max_depth:
        return
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _arrays(item, (*path, str(key)))
    elif isinstance(value, (list, tuple)):
        for i, item in enumerate(value):
            yield from _arrays(item, (*path, str(i)))
    elif hasattr(value, "__dict__") and not isinstance(value, type):
        yield from _arrays(vars(value), path)
