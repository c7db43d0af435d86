"""Mistakes that are planted in a right gradient, and how large each one is."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.strangers.derivative import Array, Arrays, Derivative

#: An entry smaller than this part of the block's median is judged by this part, as the stated resolution is.
SMALL = 0.01

#: A mistake that changes no entry by this much is drawn again: the place where it was planted does not matter.
LEAST = 5e-4


@dataclass(frozen=True)
class Planted:
    """A wrong gradient.

    Attributes
    ----------
    kind, detail : str
    grad : callable
    sizes : mapping of str to float
        For each block that is wrong at the point: the largest relative error of an entry.
    """

    kind: str
    detail: str
    grad: Callable[[Arrays], Arrays]
    sizes: dict[str, float]


Change = Callable[[Array], Array]


def scales(right: Array) -> Array:
    """What an error of each entry is relative to: its size, at least a hundredth of the median entry.

    The median is that of the entries which the rounding of the largest does not hide.
    """
    size = np.abs(np.asarray(right, dtype=float))
    some = size[size > 8 * np.finfo(float).eps * size.max(initial=0.0)]
    least = SMALL * float(np.median(some)) if some.size else 0.0
    return np.asarray(np.maximum(size, least))


def size_of(right: Array, claimed: Array) -> float:
    """The largest relative error of an entry."""
    gap = np.abs(np.asarray(claimed, dtype=float) - right)
    if not gap.any():
        return 0.0
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        ratio = np.where(gap > 0, gap / scales(right), 0.0)
    return float(np.nanmax(ratio))


def sizes(right: Mapping[str, Any], claimed: Mapping[str, Any]) -> dict[str, float]:
    """The size of the mistake in each block that has one."""
    found = {name: size_of(right[name], claimed[name]) for name in right}
    return {name: size for name, size in found.items() if size > 0}


def of_block(grad: Callable[[Arrays], Arrays], block: str, change: Change) -> Callable[[Arrays], Arrays]:
    """The gradient with one block changed."""

    def wrong(x: Arrays) -> Arrays:
        result = dict(grad(x))
        result[block] = change(np.array(result[block], dtype=float))
        return result

    return wrong


def with_entry(index: int, factor: float) -> Change:
    """Multiply one entry."""

    def change(g: Array) -> Array:
        g.flat[index] *= factor
        return g

    return change


def exchanged(one: int, two: int) -> Change:
    """Exchange two entries."""

    def change(g: Array) -> Array:
        g.flat[one], g.flat[two] = g.flat[two], g.flat[one]
        return g

    return change


def _sign(rng: np.random.Generator, g: Array) -> tuple[str, Change] | None:
    return "", lambda g: -g


def _factor(rng: np.random.Generator, g: Array) -> tuple[str, Change] | None:
    factor = float(rng.choice([0.5, 2.0]))
    return f"{factor:g}", lambda g: factor * g


def _entry(rng: np.random.Generator, g: Array) -> tuple[str, Change] | None:
    index = int(rng.choice(np.flatnonzero(g)))
    error = float(rng.choice([-1, 1]) * 10 ** rng.uniform(-3, 0))
    return f"[{index}] by {error:.2g}", with_entry(index, 1 + error)


def _zero(rng: np.random.Generator, g: Array) -> tuple[str, Change] | None:
    return "", np.zeros_like


def _transposed(rng: np.random.Generator, g: Array) -> tuple[str, Change] | None:
    if g.ndim < 2 or g.shape[-1] != g.shape[-2] or g.shape[-1] == 1:
        return None
    return "", lambda g: np.swapaxes(g, -1, -2).copy()


def _perturbed(rng: np.random.Generator, g: Array) -> tuple[str, Change] | None:
    factors = 1 + 0.01 * rng.standard_normal(g.shape)
    return "1%", lambda g: g * factors


def _exchanged(rng: np.random.Generator, g: Array) -> tuple[str, Change] | None:
    if g.size < 2:
        return None
    one, two = (int(i) for i in rng.choice(g.size, 2, replace=False))
    return f"[{one}] and [{two}]", exchanged(one, two)


BY_BLOCK: dict[str, Callable[[np.random.Generator, Array], tuple[str, Change] | None]] = {
    "sign": _sign,
    "factor": _factor,
    "entry": _entry,
    "zero": _zero,
    "transposed": _transposed,
    "perturbed": _perturbed,
    "exchanged": _exchanged,
}

DETACHED, RESOLUTION = "missing term", "twice the resolution"

#: All kinds of mistakes.
KINDS = (*BY_BLOCK, DETACHED, RESOLUTION)


def plant(rng: np.random.Generator, derivative: Derivative, right: Arrays, kind: str) -> Planted | None:
    """A mistake of one kind, or None where it does not change this gradient."""
    if kind == DETACHED:
        for number in rng.permutation(len(derivative.detached)):
            wrong = derivative.detached[number]
            claimed = wrong(derivative.x0)
            found = sizes(right, claimed)
            if max(found.values(), default=0.0) > LEAST and all(np.isfinite(v).all() for v in claimed.values()):
                return Planted(kind, f"number {number}", wrong, found)
        return None
    blocks = [name for name, g in right.items() if np.any(g)]
    if not blocks:
        return None
    first = int(rng.integers(len(blocks)))
    for block in (*blocks[first:], *blocks[:first]):
        drawn = BY_BLOCK[kind](rng, right[block])
        if drawn is None:
            continue
        detail, change = drawn
        found = {block: size_of(right[block], change(right[block].copy()))}
        if found[block] > LEAST:
            return Planted(kind, f"{block} {detail}".strip(), of_block(derivative.grad, block, change), found)
    return None


def at_resolution(
    rng: np.random.Generator, derivative: Derivative, right: Arrays, resolutions: Mapping[str, float | None]
) -> Planted | None:
    """An error of twice the stated resolution, in an entry that the resolution speaks of."""
    blocks = [
        name
        for name, resolution in resolutions.items()
        if resolution is not None and math.isfinite(resolution) and np.any(right[name])
    ]
    if not blocks:
        return None
    block = blocks[int(rng.integers(len(blocks)))]
    resolution = resolutions[block]
    assert resolution is not None
    g = right[block]
    scale = scales(g)
    index = int(rng.choice(np.flatnonzero(scale)))
    gap = float(rng.choice([-1, 1]) * 2 * resolution * scale.flat[index])
    part = gap / g.flat[index] if g.flat[index] and abs(g.flat[index]) >= scale.flat[index] else None

    def change(g: Array) -> Array:
        g.flat[index] += gap if part is None else part * g.flat[index]
        return g

    found = {block: size_of(g, change(g.copy()))}
    detail = f"{block} [{index}] by {2 * resolution:.2g}"
    return Planted(RESOLUTION, detail, of_block(derivative.grad, block, change), found)
