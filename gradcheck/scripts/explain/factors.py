"""Factors that make the claim of the right derivative, entry by entry: what derivatives of activations are."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.diagnosis.mistakes.elementwise import elementwise_derivative
from gradcheck.scripts.chain_rule.vjp import Chain, Place, Source
from gradcheck.scripts.graph.dataflow import Base, Flow
from gradcheck.scripts.graph.nodes import Node

Array = NDArray[Any]

#: Derivatives of activations as people write them, in their output or their input.
FORMULAS: dict[str, Callable[[Array], Array]] = {
    "{} * (1 - {})": lambda v: v * (1 - v),
    "1 - {}**2": lambda v: 1 - v * v,
    "{} > 0": lambda v: (v > 0).astype(float),
    "1 - tanh({})**2": lambda v: 1 - np.tanh(v) ** 2,
    "sigmoid'({})": lambda v: _sigmoid(v) * (1 - _sigmoid(v)),
    "1 - {}": lambda v: 1 - v,
    "{}": lambda v: v,
    "exp({})": np.exp,
    "sigmoid({})": lambda v: _sigmoid(v),
    "tanh({})": np.tanh,
}

#: How well the claim has to be met, relative to its norm.
MET = 1e-5

#: Variables that are looked at.
NEAR = 24

#: Entries that are measured.
ENTRIES = 24


@dataclass(frozen=True)
class Factor:
    """What a claim has too much, too little, or in place of the right factor.

    Attributes
    ----------
    slug : str
    says : str
        In the program's own variables.
    constant : float
    """

    slug: str
    says: str
    constant: float


def _sigmoid(v: Array) -> Array:
    return np.asarray(1 / (1 + np.exp(-v)))


@dataclass(frozen=True)
class _View:
    """Claim, right derivative and variables at one point, in the entries that were measured."""

    claim: Array
    right: Array
    values: dict[str, Array]
    slope: Array | None
    at_output: Array | None
    upstream: Array | None = None
    shares: frozenset[str] = frozenset()


def factor_of(
    flow: Flow, chain: Chain, forward: set[int], place: Place, node: Node, scale: float, sources: Sequence[Source]
) -> Factor | None:
    """The factor that explains a claim at all points, if one does."""
    if place.node is None or place.node.size < 2:
        return None
    chosen = _entries(place.shape, chain.rng)
    views = [_view(flow, chain, base, forward, place, node, scale, sources, chosen) for base in chain.bases]
    for name in views[0].shares:
        if all(view.upstream is not None and name in view.shares for view in views):
            made = [
                view.upstream * view.values[name] * (1 - view.values[name])
                for view in views
                if view.upstream is not None
            ]
            constant = _explains(
                [replace(v, right=m) for v, m in zip(views, made, strict=True)], [np.ones_like(m) for m in made]
            )
            if constant is not None:
                return Factor(
                    "softmax-diagonal", f"only the diagonal of the Jacobian of the softmax {name} is used", constant
                )
    for slug, says, factors in _candidates(views, place.label):
        if np.ptp(np.concatenate(factors)) == 0:
            continue
        constant = _explains(views, factors)
        if constant is not None:
            return Factor(slug, re.sub(r"#\d+", " of another step", says), constant)
    return None


def _entries(shape: tuple[int, ...], rng: np.random.Generator) -> list[tuple[int, ...]]:
    every = list(np.ndindex(*shape))
    if len(every) <= ENTRIES:
        return every
    return [every[i] for i in sorted(rng.choice(len(every), ENTRIES, replace=False))]


def _view(
    flow: Flow,
    chain: Chain,
    base: Base,
    forward: set[int],
    place: Place,
    node: Node,
    scale: float,
    sources: Sequence[Source],
    chosen: list[tuple[int, ...]],
) -> _View:
    assert place.node is not None
    pick = tuple(np.array(axis) for axis in zip(*chosen, strict=True))
    right = chain.gradient(base, place, sources, chosen)
    below = flow.descendants([place.node.index]) & forward
    values: dict[str, Array] = {}
    indices: dict[str, int] = {}
    near = [place.node.index, *sorted(below - {place.node.index}), *sorted(forward - below, reverse=True)]
    for index in near:
        other = flow.nodes[index]
        if other.shape == place.shape and not other.increment and len(values) < NEAR:
            name = other.label if other.label not in values else f"{other.label}#{index}"
            values[name] = base.value(other)[pick]
            indices[name] = index
    slope, at_output = _activation(flow, base, forward, place, pick)
    claim = (scale * base.value(node)).reshape(place.shape)[pick]
    upstream = None
    for source in sources:
        if source.place.shape == place.shape and source.place.key() != place.key():
            upstream = base.value(source.node).reshape(place.shape)[pick]
    shares = frozenset(name for name, i in indices.items() if _is_share(base.value(flow.nodes[i])))
    return _View(claim, right, values, slope, at_output, upstream, shares)


def _is_share(value: Array) -> bool:
    """Whether numbers are probabilities that sum to one along an axis."""
    return bool((value > 0).all()) and any(
        value.shape[axis] > 1 and np.allclose(value.sum(axis=axis), 1, atol=1e-10) for axis in range(value.ndim)
    )


def _activation(
    flow: Flow, base: Base, forward: set[int], place: Place, pick: Any
) -> tuple[Array | None, Array | None]:
    """Derivative of what the program does to a variable at once, entry by entry, at it and at its output."""
    assert place.node is not None
    for index in sorted(flow.descendants([place.node.index]) & forward - {place.node.index}):
        child = flow.nodes[index]
        if child.shape != place.shape or child.increment or not _elementwise(base, place, child):
            continue

        def forward_of(x: Array, child: Node = child) -> Array:
            seen = base.run([child], place.put(x)[0])
            return np.full(child.shape, np.nan) if seen is None else seen[0]

        slope = elementwise_derivative(forward_of, place.value(base))
        if np.ptp(slope) <= 1e-9 * np.abs(slope).max():
            continue
        return slope[pick], elementwise_derivative(forward_of, base.value(child))[pick]
    return None, None


def _elementwise(base: Base, place: Place, child: Node) -> bool:
    """Whether each entry of the one depends on the entry of the other in its place only."""
    value = place.value(base)
    half = np.arange(value.size).reshape(value.shape) % 2 == 0
    for chosen in (half, ~half):
        seen = base.run([child], place.put(np.where(chosen, 0.75 * value + 0.125, value))[0])
        if seen is None or not np.array_equal(seen[0][~chosen], base.value(child)[~chosen]):
            return False
    return True


def _candidates(views: Sequence[_View], own: str) -> Iterator[tuple[str, str, list[Array]]]:
    """Slug, words, and the factors at each point that the right derivative would be multiplied by."""
    names = [name for name in views[0].values if all(name in view.values for view in views)]
    with np.errstate(all="ignore"):
        named = {
            text.format(name, name): [formula(view.values[name]) for view in views]
            for name in names
            for text, formula in FORMULAS.items()
        }
        slopes_ = [view.slope for view in views]
        known = all(s is not None for s in slopes_)
        usual: list[str] = []
        if known:
            right: list[Array] = [s for s in slopes_ if s is not None]
            usual = [
                text for text, arrays in named.items() if all(_close(a, r) for a, r in zip(arrays, right, strict=True))
            ]
            text = min(usual, key=len) if usual else f"the derivative of the activation at {own}"
            yield "missing-activation-derivative", f"the factor {text} is missing", [1 / r for r in right]
            yield "extra-activation-derivative", f"the factor {text} is there once too often", right
            outputs = [view.at_output for view in views]
            if all(o is not None for o in outputs):
                yield (
                    "derivative-at-wrong-argument",
                    "the derivative of the activation is taken at its output, not at its input",
                    [o / r for o, r in zip(outputs, right, strict=True) if o is not None],
                )
            kinds = {_kind(u) for u in usual}
            for other, arrays in named.items():
                if other in usual:
                    continue
                slug = "derivative-at-wrong-argument" if _kind(other) in kinds else "wrong-activation-derivative"
                if _kind(other) == "{}" and "{}" in kinds:
                    slug = "stale-cache"
                yield slug, f"{other} stands where {text} should", [a / r for a, r in zip(arrays, right, strict=True)]
        for other, arrays in named.items():
            if _kind(other) in ("{} * (1 - {})", "1 - {}**2", "{} > 0", "sigmoid'({})", "1 - tanh({})**2"):
                yield "extra-activation-derivative", f"the factor {other} is too many", arrays


def _kind(text: str) -> str:
    """The formula without its variable."""
    for formula in FORMULAS:
        head, *rest = formula.split("{}")
        if formula != "{}" and text.startswith(head) and text.endswith(rest[-1]) and (head or rest[-1]):
            if formula.count("{}") == 2 and rest[0] not in text:
                continue
            return formula
    return "{}"


def _close(a: Array, b: Array) -> bool:
    return bool(np.allclose(a, b, rtol=1e-6, atol=1e-9))


def _explains(views: Sequence[_View], factors: Sequence[Array]) -> float | None:
    """The constant that makes the claims of the right derivatives and factors, at all points."""
    claimed, made = [], []
    for view, factor in zip(views, factors, strict=True):
        product = view.right * factor
        if not np.isfinite(product).all():
            return None
        norm = float(np.linalg.norm(view.claim)) or 1.0
        claimed.append(view.claim / norm)
        made.append(product / norm)
    c, p = np.concatenate(claimed), np.concatenate(made)
    bottom = float(p @ p)
    if not bottom > 0:
        return None
    constant = float(c @ p) / bottom
    if np.linalg.norm(c - constant * p) > MET:
        return None
    return constant
