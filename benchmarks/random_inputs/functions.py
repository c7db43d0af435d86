"""Functions at random with their exact derivatives, and what their authors may get wrong about them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.random_inputs.points import Generator

#: Functions of one number with their derivatives, and whether they are smooth and moderate.
PARTS: dict[str, tuple[Callable[[Any], Any], Callable[[Any], Any], bool]] = {
    "sin": (np.sin, np.cos, True),
    "tanh": (np.tanh, lambda z: 1 - np.tanh(z) ** 2, True),
    "square": (np.square, lambda z: 2 * z, True),
    "log1p": (lambda z: np.log1p(z * z), lambda z: 2 * z / (1 + z * z), True),
    "linear": (lambda z: z, np.ones_like, True),
    "constant": (lambda z: 0 * z + 3.0, np.zeros_like, True),
    "exp": (np.exp, np.exp, False),
    "sqrt": (np.sqrt, lambda z: 0.5 / np.sqrt(z), False),
    "log": (np.log, lambda z: 1 / z, False),
    "inverse": (lambda z: 1 / z, lambda z: -1 / z**2, False),
    "abs": (np.abs, np.sign, False),
    "relu": (lambda z: np.maximum(z, 0), lambda z: (z > 0) * 1.0, False),
    "floor": (np.floor, np.zeros_like, False),
    "rounded": (lambda z: np.round(z, 6), np.ones_like, False),
    "huge": (lambda z: z * 1e200, lambda z: np.full_like(z, 1e200), False),
    "tiny": (lambda z: z * 1e-300, lambda z: np.full_like(z, 1e-300), False),
    "offset": (lambda z: z + 1e14, np.ones_like, False),
    "fast": (lambda z: np.sin(1e8 * z), lambda z: 1e8 * np.cos(1e8 * z), False),
    "single": (lambda z: np.float32(z) * 1.0, np.ones_like, False),
    "clipped": (lambda z: np.clip(z, -0.5, 0.5), lambda z: (np.abs(z) < 0.5) * 1.0, False),
}


class OwnError(Exception):
    """What the author's functions raise on purpose."""


@dataclass
class Map:
    """A function of a point, and its derivative: ``y = f(M v + b)``, part by part; v are all numbers of the point.

    Attributes
    ----------
    parts : list of str
        The name of the function of each output.
    m, b : array
    is_plain : bool
        Whether all of it is smooth and moderate, at a point that is so too.
    """

    parts: list[str]
    m: np.ndarray
    b: np.ndarray
    is_plain: bool

    def __call__(self, v: np.ndarray) -> np.ndarray:
        """The outputs, one for each part."""
        z = self.m @ v + self.b
        return np.array([PARTS[name][0](each) for name, each in zip(self.parts, z, strict=True)])

    def jacobian(self, v: np.ndarray) -> np.ndarray:
        """The derivative of each output by each number."""
        z = self.m @ v + self.b
        slopes = np.array([PARTS[name][1](each) for name, each in zip(self.parts, z, strict=True)])
        return np.asarray(slopes.reshape(-1, 1) * self.m)


def drawn_map(rng: Generator, size: int, outputs: int, is_moderate: bool) -> Map:
    """A map of a point with some numbers."""
    smooth = [name for name, part in PARTS.items() if part[2]]
    names = smooth if rng.random() < 0.5 else list(PARTS)
    parts = [str(rng.choice(names)) for _ in range(outputs)]
    m = rng.standard_normal((outputs, size)) / max(size, 1) ** 0.5
    if rng.random() < 0.2:
        m *= rng.random(m.shape) < 0.5
    return Map(parts, m, rng.standard_normal(outputs), is_moderate and all(name in smooth for name in parts))


def flat(tree: Any) -> list[Any]:
    """The leaves of a nesting; lists of numbers are leaves."""
    if isinstance(tree, dict):
        return [leaf for value in tree.values() for leaf in flat(value)]
    if isinstance(tree, (list, tuple)) and not is_numbers(tree):
        return [leaf for value in tree for leaf in flat(value)]
    return [tree]


def is_numbers(tree: Any) -> bool:
    """Whether a list is an array in disguise."""
    if not isinstance(tree, list):
        return False
    return all(isinstance(value, (bool, int, float, complex)) or is_numbers(value) for value in tree)


def numbers(tree: Any) -> np.ndarray:
    """All numbers of a point that may change, as one vector; real and imaginary parts one after the other."""
    found = [np.empty(0)]
    for each in flat(tree):
        array = _array(each)
        if array is not None and array.dtype.kind == "c":
            found.append(np.concatenate([array.real.ravel(), array.imag.ravel()]).astype(float))
        elif array is not None:
            found.append(array.ravel().astype(float))
    return np.concatenate(found)


def _array(leaf: Any) -> np.ndarray | None:
    try:
        array = np.asarray(leaf)
    except ValueError:
        return None
    return array if array.dtype.kind in "fc" else None


def like(tree: Any, v: np.ndarray) -> Any:
    """The numbers of a vector in the nesting of a point."""
    position = 0

    def rebuilt(part: Any) -> Any:
        nonlocal position
        if isinstance(part, dict):
            return {key: rebuilt(value) for key, value in part.items()}
        if isinstance(part, (list, tuple)) and not is_numbers(part):
            values = [rebuilt(value) for value in part]
            return type(part)(*values) if hasattr(part, "_fields") else type(part)(values)
        array = _array(part)
        if array is None:
            return None
        width = array.size * (2 if array.dtype.kind == "c" else 1)
        mine, position = v[position : position + width], position + width
        if array.dtype.kind == "c":
            mine = mine[: array.size] + 1j * mine[array.size :]
        return mine.reshape(array.shape).tolist() if isinstance(part, list) else mine.reshape(array.shape)

    return rebuilt(tree)


#: What an author may get wrong of a claim, given as one vector.
MISTAKES: dict[str, Callable[[Generator, np.ndarray], np.ndarray]] = {
    "sign": lambda rng, g: -g,
    "factor": lambda rng, g: g * rng.choice([2.0, 0.5, 1.001, 1e10]),
    "entry": lambda rng, g: np.where(rng.random(g.shape) < 0.2, 1.2 * g + 1e-3, g),
    "zero": lambda rng, g: np.zeros_like(g),
    "nan": lambda rng, g: np.where(rng.random(g.shape) < 0.3, np.nan, g),
    "infinite": lambda rng, g: np.where(rng.random(g.shape) < 0.3, np.inf, g),
    "unrelated": lambda rng, g: rng.standard_normal(g.shape),
    "reversed": lambda rng, g: g[::-1].copy(),
    "noisy": lambda rng, g: g * (1 + 1e-3 * rng.standard_normal(g.shape)),
}

#: What an author may do to a claim, in the nesting of the point.
FORMS: dict[str, Callable[[Generator, Any], Any]] = {
    "None": lambda rng, claim: None,
    "text": lambda rng, claim: "gradient",
    "list": lambda rng, claim: _each(claim, lambda a: a.tolist()),
    "single": lambda rng, claim: _each(claim, lambda a: a.astype("F" if a.dtype.kind == "c" else "f")),
    "half": lambda rng, claim: _each(claim, lambda a: a.real.astype("e")),
    "integers": lambda rng, claim: _each(claim, lambda a: np.nan_to_num(a.real).clip(-100, 100).astype(int)),
    "objects": lambda rng, claim: _each(claim, lambda a: a.astype(object)),
    "words": lambda rng, claim: _each(claim, lambda a: a.astype(str)),
    "another axis": lambda rng, claim: _each(claim, lambda a: a[None]),
    "flattened": lambda rng, claim: _each(claim, np.ravel),
    "transposed": lambda rng, claim: _each(claim, np.transpose),
    "an entry less": lambda rng, claim: _each(claim, lambda a: a.ravel()[1:]),
    "a number": lambda rng, claim: 1.0,
    "complex": lambda rng, claim: _each(claim, lambda a: a + 1j),
    "masked": lambda rng, claim: _each(claim, lambda a: np.ma.masked_array(a, rng.random(a.shape) < 0.3)),
    "a key less": lambda rng, claim: dict(list(claim.items())[1:]) if isinstance(claim, dict) else [claim],
    "a key more": lambda rng, claim: {**claim, "more": np.ones(2)} if isinstance(claim, dict) else [claim, claim],
    "generator": lambda rng, claim: (part for part in [claim]),
    "read-only": lambda rng, claim: _each(claim, _read_only),
}


def _each(claim: Any, change: Callable[[np.ndarray], Any]) -> Any:
    if isinstance(claim, dict):
        return {key: _each(value, change) for key, value in claim.items()}
    if isinstance(claim, (list, tuple)):
        values = [_each(value, change) for value in claim]
        return type(claim)(*values) if hasattr(claim, "_fields") else type(claim)(values)
    return None if claim is None else change(np.asarray(claim))


def _read_only(array: np.ndarray) -> np.ndarray:
    array = np.array(array)
    array.flags.writeable = False
    return array


#: What an author may do to the value of a loss.
VALUES: dict[str, Callable[[Generator, float], Any]] = {
    "array": lambda rng, y: np.array(y),
    "array of one": lambda rng, y: np.array([y]),
    "matrix of one": lambda rng, y: np.array([[y]]),
    "list of one": lambda rng, y: [y],
    "single": lambda rng, y: np.float32(y),
    "half": lambda rng, y: np.float16(y),
    "long": lambda rng, y: np.longdouble(y),
    "complex": lambda rng, y: complex(y),
    "integer": lambda rng, y: int(np.nan_to_num(y)),
    "flag": lambda rng, y: bool(y > 0),
    "None": lambda rng, y: None,
    "text": lambda rng, y: "loss",
    "two": lambda rng, y: np.array([y, y]),
    "nothing": lambda rng, y: np.empty(0),
    "tuple": lambda rng, y: (y, None),
    "random": lambda rng, y: y + rng.standard_normal(),
    "noisy": lambda rng, y: y * (1 + 1e-6 * rng.standard_normal()),
    "sometimes NaN": lambda rng, y: np.nan if rng.random() < 0.2 else y,
    "always NaN": lambda rng, y: np.nan,
    "infinite": lambda rng, y: np.inf,
}
