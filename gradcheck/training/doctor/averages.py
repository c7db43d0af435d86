"""Running averages of gradients, or of their squares, in what an optimiser remembers."""

from __future__ import annotations

import copy
from collections.abc import Hashable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

#: Steps on random gradients that are looked at, and numbers in each.
STEPS, NUMBERS = 5, 7

#: What is left of a fit of two coefficients, beside what is fitted.
REST = 1e-9


@dataclass(frozen=True)
class Average:
    """A state that follows the gradient of a parameter: s ← kept·s + taken·gᵖ.

    Attributes
    ----------
    name : str
        As the program or the object calls it.
    path : hashable
        The way to it.
    power : int
        1 or 2.
    kept, taken : float
    """

    name: str
    path: Hashable
    power: int
    kept: float
    taken: float

    @property
    def total(self) -> float:
        """Sum of the weights of all gradients: taken/(1 − kept)."""
        return self.taken / (1 - self.kept)


def of_optimiser(optimiser: Any) -> list[Average]:
    """The averages that an object with ``step(params, grads)`` keeps, found by a few steps of a copy of it.

    Examples
    --------
    >>> from gradcheck.nn import Adam
    >>> [(found.power, round(found.kept, 9), round(found.total, 9)) for found in of_optimiser(Adam(0.1))]
    [(1, 0.9, 1.0), (2, 0.999, 1.0)]
    """
    double = copy.deepcopy(optimiser)
    if callable(getattr(double, "reset", None)):
        double.reset()
    gradients = np.random.default_rng(0).standard_normal((STEPS, NUMBERS))
    params, seen = {"x": np.zeros(NUMBERS)}, []
    try:
        for gradient in gradients:
            double.step(params, {"x": gradient.copy()})
            seen.append({path: (name, value.copy()) for path, name, value in _arrays(vars(double), ())})
    except Exception:  # one that is made for certain parameters is not looked into
        return []
    found = []
    for path, (name, _) in seen[-1].items():
        if all(path in states for states in seen):
            values = np.array([states[path][1] for states in seen])
            found += [one for power in (1, 2) if (one := _fitted(name, path, power, values, gradients)) is not None]
    return found


def _fitted(name: str, path: Hashable, power: int, values: Array, gradients: Array) -> Average | None:
    columns = np.stack([values[:-1].ravel(), (gradients[1:] ** power).ravel()], axis=1)
    wanted = values[1:].ravel()
    if not (np.isfinite(columns).all() and np.isfinite(wanted).all() and wanted.any()):
        return None
    kept, taken = np.linalg.lstsq(columns, wanted, rcond=None)[0]
    rest = np.abs(columns @ [kept, taken] - wanted).max()
    # the first step from nothing must fit as well, or it is something else that grows alike
    first = np.abs(values[0] - taken * gradients[0] ** power).max()
    if max(rest, first) > REST * np.abs(wanted).max() or taken == 0:
        return None
    return Average(name, path, power, float(kept), float(taken))


def _arrays(value: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str, Array]]:
    """Arrays of as many numbers as the gradient has, anywhere inside dicts, lists and attributes."""
    if isinstance(value, np.ndarray):
        if value.shape == (NUMBERS,) and value.dtype.kind == "f":
            yield path, path[-1] if path[-1] != "x" or len(path) < 2 else path[-2], value
    elif isinstance(value, dict) and len(path) < 4:
        for key, item in value.items():
            yield from _arrays(item, (*path, str(key)))
    elif isinstance(value, (list, tuple)) and len(path) < 4:
        for i, item in enumerate(value):
            yield from _arrays(item, (*path, str(i)))
    elif hasattr(value, "__dict__") and not isinstance(value, type) and len(path) < 4:
        yield from _arrays(vars(value), path)
