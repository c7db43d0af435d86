"""Finds out which sums of a program are updates, and which numbers a product is made of."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from gradcheck.scripts.instrument.events import Factor, SourceLocation
from gradcheck.scripts.instrument.values import Array, is_float

_Bits = tuple[tuple[int, ...], bytes]


class AdditionLog:
    """Which sums have a variable's old value as an operand and its new value as their result.

    Parameters
    ----------
    before : dict of object to ndarray
        The values of the variables before the step.
    """

    def __init__(self, before: Mapping[Any, Array]) -> None:
        self._variables: dict[_Bits, list[Any]] = {}
        for key, value in before.items():
            self._variables.setdefault(_bits(value), []).append(key)
        self._found: list[tuple[int, list[Any], _Bits]] = []
        self._after: dict[Any, _Bits] = {}

    def add(self, location: int, operand: Any, result: Any) -> None:
        """A sum with an operand was computed."""
        if is_float(operand) and is_float(result):
            variables = self._variables.get(_bits(operand))
            if variables is not None:
                self._found.append((location, variables, _bits(result)))

    def finish(self, after: Mapping[Any, Array]) -> None:
        """Set the values of the variables after the step."""
        self._after = {key: _bits(value) for key, value in after.items()}

    def updates(self) -> set[int]:
        """Locations of the sums that are updates."""
        return {
            location
            for location, variables, result in self._found
            if result not in self._variables and any(self._after.get(key) == result for key in variables)
        }


def _bits(value: Any) -> _Bits:
    array = np.asarray(value, dtype=np.float64)
    return array.shape, array.tobytes()


def factors_of(location: SourceLocation, values: Sequence[Any]) -> tuple[Factor, ...]:
    """The numbers among the factors of a product; of a sum of products, those that all products have."""
    terms: dict[int, list[Factor]] = {}
    for syntax, value in zip(location.factors, values, strict=False):
        terms.setdefault(syntax.term, [])
        number = _number(value)
        if number is not None:
            whole = isinstance(value, (int, np.integer)) or (isinstance(value, np.ndarray) and value.dtype.kind in "iu")
            terms[syntax.term].append(Factor(number, syntax.power, syntax.literal, whole))
    return tuple(_common(list(terms.values()))) if terms else ()


def _common(terms: list[list[Factor]]) -> Iterator[Factor]:
    others = [list(term) for term in terms[1:]]
    for factor in terms[0]:
        if all(factor in other for other in others):
            for other in others:
                other.remove(factor)
            yield factor


def _number(value: Any) -> float | None:
    """A finite number other than zero; None if the value is not one."""
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, (int, float, np.number, np.ndarray)):
        return None
    if isinstance(value, np.ndarray) and (value.size != 1 or value.dtype.kind not in "fiu"):
        return None
    if isinstance(value, np.complexfloating):
        return None
    number = float(np.asarray(value).reshape(()))
    return number if number and math.isfinite(number) else None
