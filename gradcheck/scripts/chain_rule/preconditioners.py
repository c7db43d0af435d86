"""What an update makes of a gradient before it is subtracted: clipped to a norm, scaled by a search, preconditioned."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.scripts.chain_rule.vjp import Chain, Place
from gradcheck.scripts.graph.dataflow import Base, Flow
from gradcheck.scripts.graph.nodes import Node
from gradcheck.scripts.graph.parameters import Parameter
from gradcheck.scripts.text.identifiers import sounds_derived

Array = NDArray[Any]

#: Solving with a matrix: Newton's method and its kin.
_SOLVES = re.compile(r"\b(solve|inv|pinv|lstsq|cho_solve|lu_solve|solve_triangular|cg|H_inv|Hinv)\b")

#: How well a gradient has to lie along an update.
ALONG = 1e-7


def underlying(flow: Flow, chain: Chain, parameter: Parameter, forward: set[int]) -> tuple[Parameter, str]:
    """The parameter with the gradient that its update is made of, and what the update does to it.

    That is a value further up that the update is a multiple of, by a number that differs from point to point, as
    clipping and searching for a step do; or one that a line solves with. A multiple by one and the same number, or
    anything that is added, is what the gradient itself has to answer for. What is right already stays what it is.
    """
    updates = {n.index for n in parameter.updates}
    above = flow.ancestors([parameter.claim.index]) - forward - updates - {parameter.claim.index}
    nodes = [flow.nodes[i] for i in sorted(above, reverse=True) if flow.nodes[i].size == parameter.claim.size > 1]
    candidates = list(_candidates(flow, chain.bases, parameter, nodes))
    if not candidates or _right(chain, parameter):
        return parameter, ""
    for node, how in candidates:
        scale = next(iter(_scales(chain.bases, parameter, node)), None) if how == "scaled" else None
        found = replace(parameter, claim=node, factor=math.copysign(1.0, scale or parameter.factor))
        if sounds_derived(node.names) or _right(chain, found):
            return found, how
    return parameter, ""


def _right(chain: Chain, parameter: Parameter) -> bool:
    return chain.ratio(Place(leaf=parameter.leaf), parameter.claim, parameter.factor, ()).right


def _candidates(
    flow: Flow, bases: Sequence[Base], parameter: Parameter, nodes: Sequence[Node]
) -> Iterator[tuple[Node, str]]:
    """Values that may be the gradient, each with what the update does to it."""
    for node in nodes:
        scales = _scales(bases, parameter, node)
        alike = len(scales) == len(bases) > 1 and scales[0] * scales[1] > 0
        moves = alike and not math.isclose(scales[0], scales[1], rel_tol=1e-6)
        if moves or (scales and _by_a_number(flow, bases, parameter, node, scales)):
            yield node, "scaled"
    if any(_SOLVES.search(n.site.text) for n in (parameter.claim, *nodes)):
        yield from ((n, "preconditioned") for n in nodes if sounds_derived(n.names) and not _SOLVES.search(n.site.text))


def _by_a_number(flow: Flow, bases: Sequence[Base], parameter: Parameter, node: Node, scales: Sequence[float]) -> bool:
    """Whether the update itself multiplies a value by a number that the step has found: the length of its step."""
    if not parameter.claim.increment or node.index not in flow.parents[parameter.claim.index]:
        return False
    numbers = [flow.nodes[i] for i in flow.parents[parameter.claim.index] if flow.nodes[i].size == 1]
    numbers += [n for n in flow.nodes if n.size == 1 and set(n.names) & _read(parameter.claim.site.text)]
    rate, pairs = abs(parameter.factor), list(zip(scales, bases, strict=False))

    def is_length(number: Node) -> bool:
        return all(math.isclose(abs(s), rate * abs(float(b.value(number).sum())), rel_tol=1e-9) for s, b in pairs)

    return any(map(is_length, numbers))


def _read(text: str) -> set[str]:
    return set(re.findall(r"[A-Za-z_]\w*", text))


def _scales(bases: Sequence[Base], parameter: Parameter, node: Node) -> list[float]:
    """What the update is times a value at each point, where it is a multiple of it."""
    found = [_along(base, parameter, node) for base in bases]
    return [scale for scale in found if scale is not None]


def _along(base: Base, parameter: Parameter, node: Node) -> float | None:
    """What an update is times a value, if it is a multiple of it."""
    update = parameter.factor * base.value(parameter.claim).ravel()
    value = base.value(node).ravel()
    length = float(value @ value)
    if not length > 0 or not np.isfinite(update).all():
        return None
    scale = float(update @ value) / length
    return scale if scale and np.linalg.norm(update - scale * value) <= ALONG * np.linalg.norm(update) else None
