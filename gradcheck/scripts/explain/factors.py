"""Tests whether a wrong adjoint is the right one times a factor, entry by entry, as derivatives of activations are."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from gradcheck.diagnosis.mistakes.elementwise import elementwise_derivative
from gradcheck.scripts.chain_rule.pairs import AdjointPair
from gradcheck.scripts.chain_rule.vjp import ChainRule, Variable
from gradcheck.scripts.graph.dataflow import BasePoint, DataflowGraph
from gradcheck.scripts.graph.nodes import Node
from gradcheck.scripts.instrument.values import Array


def _sigmoid(v: Array) -> Array:
    return np.asarray(1 / (1 + np.exp(-v)))


#: Derivatives of activations as people write them, in terms of the output or the input.
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

#: A factor of these forms is the derivative of an activation, even if the program has no such activation.
_DERIVATIVES = ("{} * (1 - {})", "1 - {}**2", "{} > 0", "sigmoid'({})", "1 - tanh({})**2")

#: The form of a variable itself.
_ITSELF = "{}"


@dataclass(frozen=True)
class FactorSettings:
    """What is measured, and how well a factor has to explain a claim.

    Attributes
    ----------
    tolerance : float
        The norm of what is left unexplained, relative to the norm of the claim.
    variables : int
        Variables that factors are made of.
    entries : int
        Entries that are measured: each costs about 12 replays at each base point.
    same_formula : float
        The relative difference up to which a formula is the derivative of the activation. It is measured to 1e-9.
    linear : float
        An activation whose slope varies by less than this, relatively, is linear.
    shares_sum : float
        How far the sum of probabilities may be from 1.
    """

    tolerance: float = 1e-5
    variables: int = 24
    entries: int = 24
    same_formula: float = 1e-6
    linear: float = 1e-9
    shares_sum: float = 1e-10


FACTORS = FactorSettings()


@dataclass(frozen=True)
class Factor:
    """The factor between a claim and the right adjoint.

    Attributes
    ----------
    slug : str
        Of the mistake.
    message : str
        In the program's own variables.
    constant : float
        A further constant.
    """

    slug: str
    message: str
    constant: float


@dataclass(frozen=True)
class _Sample:
    """Claim, right adjoint and variables at one base point, in the entries that are measured.

    Attributes
    ----------
    claim, right : ndarray
    values : dict of str to ndarray
        Variables by name.
    slope, slope_at_output : ndarray or None
        The derivative of the activation at its input, and wrongly at its output.
    upstream : ndarray or None
        The adjoint of a variable of the same shape.
    probabilities : tuple of str
        The variables that sum to 1 along an axis.
    """

    claim: Array
    right: Array
    values: dict[str, Array]
    slope: Array | None
    slope_at_output: Array | None
    upstream: Array | None
    probabilities: tuple[str, ...]


@dataclass(frozen=True)
class _Candidate:
    """A mistake that would multiply the right adjoint by some factors, one array for each base point."""

    slug: str
    message: str
    factors: list[Array]


def find_factor(graph: DataflowGraph, chain: ChainRule, forward: set[int], pair: AdjointPair) -> Factor | None:
    """The factor that explains a wrong adjoint at all base points, if there is one."""
    node = pair.variable.node
    if node is None or node.size < 2:
        return None
    entries = _entries(node.shape, chain.rng)
    samples = [_sample(graph, chain, base, forward, pair, node, entries) for base in chain.bases]
    diagonal = _softmax_diagonal(samples)
    if diagonal is not None:
        return diagonal
    for candidate in _candidates(samples, pair.variable.label):
        if np.ptp(np.concatenate(candidate.factors)) == 0:
            continue
        constant = _explaining_constant(samples, candidate.factors)
        if constant is not None:
            return Factor(candidate.slug, re.sub(r"#\d+", " of another time step", candidate.message), constant)
    return None


def _softmax_diagonal(samples: Sequence[_Sample]) -> Factor | None:
    """Whether a claim uses only the diagonal of the Jacobian of a softmax."""
    for name in samples[0].probabilities:
        products = [s.upstream * s.values[name] * (1 - s.values[name]) for s in samples if _has(s, name)]
        if len(products) < len(samples):
            continue
        instead = [replace(s, right=product) for s, product in zip(samples, products, strict=True)]
        constant = _explaining_constant(instead, [np.ones_like(product) for product in products])
        if constant is not None:
            message = f"only the diagonal of the Jacobian of the softmax {name} is used"
            return Factor("softmax-diagonal", message, constant)
    return None


def _has(sample: _Sample, name: str) -> bool:
    return sample.upstream is not None and name in sample.probabilities


def _entries(shape: tuple[int, ...], rng: np.random.Generator) -> list[tuple[int, ...]]:
    """All entries, or a random choice of them."""
    every = list(np.ndindex(*shape))
    if len(every) <= FACTORS.entries:
        return every
    return [every[i] for i in sorted(rng.choice(len(every), FACTORS.entries, replace=False))]


def _sample(
    graph: DataflowGraph,
    chain: ChainRule,
    base: BasePoint,
    forward: set[int],
    pair: AdjointPair,
    node: Node,
    entries: list[tuple[int, ...]],
) -> _Sample:
    """Measure at one base point; `node` is the variable of the pair."""
    picked = tuple(np.array(axis) for axis in zip(*entries, strict=True))
    right = chain.gradient(pair.pullback, base, entries)
    below = graph.descendants([node.index]) & forward
    values: dict[str, Array] = {}
    probabilities = []
    for index in [node.index, *sorted(below - {node.index}), *sorted(forward - below, reverse=True)]:
        other = graph.nodes[index]
        if other.shape == node.shape and not other.is_increment and len(values) < FACTORS.variables:
            name = other.label if other.label not in values else f"{other.label}#{index}"
            value = base.value(other)
            values[name] = value[picked]
            if _are_probabilities(value):
                probabilities.append(name)
    slope, slope_at_output = _activation_slopes(graph, base, forward, node, picked)
    claim = (pair.factor * base.value(pair.node)).reshape(node.shape)[picked]
    upstream = None
    for other_adjoint in pair.upstream:
        if other_adjoint.variable.shape == node.shape and other_adjoint.variable.key != pair.variable.key:
            upstream = base.value(other_adjoint.node).reshape(node.shape)[picked]
    return _Sample(claim, right, values, slope, slope_at_output, upstream, tuple(probabilities))


def _are_probabilities(value: Array) -> bool:
    """Whether the entries are positive and sum to 1 along an axis."""
    return bool((value > 0).all()) and any(
        value.shape[axis] > 1 and np.allclose(value.sum(axis=axis), 1, atol=FACTORS.shares_sum)
        for axis in range(value.ndim)
    )


def _activation_slopes(
    graph: DataflowGraph, base: BasePoint, forward: set[int], node: Node, picked: Any
) -> tuple[Array | None, Array | None]:
    """The derivative of the first elementwise nonlinear function of a variable, at the variable and at the output."""
    variable = Variable(node=node)
    for index in sorted(graph.descendants([node.index]) & forward - {node.index}):
        output = graph.nodes[index]
        if output.shape != node.shape or output.is_increment or not _is_elementwise(base, variable, output):
            continue

        def apply(x: Array, output: Node = output) -> Array:
            seen = base.run([output], variable.set_to(x)[0])
            return np.full(output.shape, np.nan) if seen is None else seen[0]

        slope = elementwise_derivative(apply, variable.value(base))
        if np.ptp(slope) > FACTORS.linear * np.abs(slope).max():
            return slope[picked], elementwise_derivative(apply, base.value(output))[picked]
    return None, None


def _is_elementwise(base: BasePoint, variable: Variable, output: Node) -> bool:
    """Whether each entry of a node depends on the entry of the variable at the same index only."""
    value = variable.value(base)
    half = np.arange(value.size).reshape(value.shape) % 2 == 0
    for chosen in (half, ~half):
        changed = np.where(chosen, 0.75 * value + 0.125, value)  # any change of these entries that stays in a domain
        seen = base.run([output], variable.set_to(changed)[0])
        if seen is None or not np.array_equal(seen[0][~chosen], base.value(output)[~chosen]):
            return False
    return True


def _candidates(samples: Sequence[_Sample], own: str) -> Iterator[_Candidate]:
    """Mistakes that multiply the right adjoint; `own` is the name of the variable."""
    names = [name for name in samples[0].values if all(name in sample.values for sample in samples)]
    with np.errstate(all="ignore"):
        formulas = {
            text.format(name, name): [formula(sample.values[name]) for sample in samples]
            for name in names
            for text, formula in FORMULAS.items()
        }
        right: list[Array] = [sample.slope for sample in samples if sample.slope is not None]
        if len(right) == len(samples):
            yield from _activation_candidates(samples, own, formulas, right)
        for text, factors in formulas.items():
            if _form(text) in _DERIVATIVES:
                yield _Candidate("extra-activation-derivative", f"there is an extra factor {text}", factors)


def _activation_candidates(
    samples: Sequence[_Sample], own: str, formulas: dict[str, list[Array]], right: list[Array]
) -> Iterator[_Candidate]:
    """Mistakes in the derivative of the activation that a variable goes through; `right` is that derivative."""
    usual = [text for text, arrays in formulas.items() if all(_close(a, r) for a, r in zip(arrays, right, strict=True))]
    text = min(usual, key=len) if usual else f"the derivative of the activation at {own}"
    yield _Candidate("missing-activation-derivative", f"the factor {text} is missing", [1 / r for r in right])
    yield _Candidate("extra-activation-derivative", f"the factor {text} appears once too often", right)
    outputs = [sample.slope_at_output for sample in samples if sample.slope_at_output is not None]
    if len(outputs) == len(samples):
        yield _Candidate(
            "derivative-at-wrong-argument",
            "the derivative of the activation is taken at its output, not at its input",
            [o / r for o, r in zip(outputs, right, strict=True)],
        )
    forms = {_form(formula) for formula in usual}
    for other, arrays in formulas.items():
        if other in usual:
            continue
        form = _form(other)
        slug = "derivative-at-wrong-argument" if form in forms else "wrong-activation-derivative"
        if form == _ITSELF and _ITSELF in forms:
            slug = "stale-cache"
        factors = [a / r for a, r in zip(arrays, right, strict=True)]
        yield _Candidate(slug, f"the factor is {other}; it should be {text}", factors)


def _form(text: str) -> str:
    """The formula without its variable."""
    for formula in FORMULAS:
        head, *rest = formula.split("{}")
        if formula != _ITSELF and text.startswith(head) and text.endswith(rest[-1]) and (head or rest[-1]):
            if formula.count("{}") == 2 and rest[0] not in text:
                continue
            return formula
    return _ITSELF


def _close(a: Array, b: Array) -> bool:
    return bool(np.allclose(a, b, rtol=FACTORS.same_formula, atol=1e-3 * FACTORS.same_formula))


def _explaining_constant(samples: Sequence[_Sample], factors: Sequence[Array]) -> float | None:
    """The constant c with claim = c × right adjoint × factor at all base points, if there is one."""
    claimed, made = [], []
    for sample, factor in zip(samples, factors, strict=True):
        product = sample.right * factor
        if not np.isfinite(product).all():
            return None
        norm = float(np.linalg.norm(sample.claim)) or 1.0
        claimed.append(sample.claim / norm)
        made.append(product / norm)
    c, p = np.concatenate(claimed), np.concatenate(made)
    bottom = float(p @ p)
    if not bottom > 0:
        return None
    constant = float(c @ p) / bottom
    return constant if np.linalg.norm(c - constant * p) <= FACTORS.tolerance else None
