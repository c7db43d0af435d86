"""Claims that are the chain rule along some of the paths only, or for some of the samples."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.scripts.chain_rule.consumers import Pair
from gradcheck.scripts.chain_rule.vjp import Chain, Ratio, Source
from gradcheck.scripts.graph.dataflow import Base, Flow
from gradcheck.scripts.graph.nodes import Node

Array = NDArray[Any]

#: What is made of a variable in more places than this is not taken apart.
PLACES = 16


def path_of(flow: Flow, chain: Chain, forward: set[int], pair: Pair) -> tuple[str, str] | None:
    """Slug and words, if a claim is right along some paths, or for one sample; else None."""
    penalty = _off_by_penalty(chain, pair)
    if penalty is not None:
        return penalty
    children = _children(flow, forward, pair)
    reduced = _reduced(flow, forward, pair)
    if reduced and _right(chain, pair, pinned=reduced):
        names = ", ".join(dict.fromkeys(n.label for n in reduced))
        return "statistics-held-constant", f"{names} are taken as constants, and they depend on {pair.place.label}"
    if pair.sources:
        ratio = chain.ratio(pair.place, pair.node, pair.factor, pair.sources, direct=False)
        if _good(ratio):
            if _penalty(chain, pair):
                return "regulariser-missing", f"the penalty on {pair.place.label} is missing"
            return _missing("a path to the loss that goes past " + ", ".join(s.place.label for s in pair.sources))
        for source in pair.sources if len(pair.sources) > 1 else ():
            others = [s for s in pair.sources if s is not source]
            if _good(chain.ratio(pair.place, pair.node, pair.factor, others, held=pair.sources)):
                return _missing(f"the path through {source.place.label}")
            if _good(chain.ratio(pair.place, pair.node, pair.factor, [source], held=pair.sources, direct=False)):
                return _missing(f"all paths but the one through {source.place.label}")
    if 1 < len(children) <= PLACES:
        recurrent = len({child.site.line for child in children}) < len(children)
        for slug, left_out in _some(children, recurrent):
            if _right(chain, pair, pinned=left_out):
                names = ", ".join(dict.fromkeys(f"{n.label} (line {n.site.line})" for n in left_out))
                return slug, f"without {'the steps before' if slug == 'truncated-bptt' else 'the path through'} {names}"
    return _sample(chain, pair)


def _off_by_penalty(chain: Chain, pair: Pair) -> tuple[str, str] | None:
    """Whether a claim is off by a constant times the parameter, at all points the same."""
    if pair.place.leaf is None or pair.node.size < 2:
        return None
    found = []
    for base in chain.bases:
        value = pair.place.value(base)
        claim = pair.factor * base.value(pair.node).reshape(value.shape)
        for _ in range(2):
            along = chain.direction(value)
            slope, bar = chain.slope(base, pair.place, pair.sources, pair.sources, True, along)
            gap = slope - float((claim * along).sum())
            found.append((gap, float((value * along).sum()), float(np.linalg.norm(value * along)), bar))
    if not all(np.isfinite(entry).all() for entry in found):
        return None
    strength = sum(gap * own for gap, own, _, _ in found) / sum(own * own for _, own, _, _ in found)
    if any(abs(gap - strength * own) > 1e-4 * abs(strength) * norm + 4 * bar for gap, own, norm, bar in found):
        return None
    if strength > 0:
        return (
            "regulariser-missing",
            f"without {strength:.4g} * {pair.place.label}, the gradient of the penalty in the loss",
        )
    return (
        "regulariser-extra",
        f"with {-strength:.4g} * {pair.place.label} too much, the gradient of a penalty that the loss has not",
    )


def _penalty(chain: Chain, pair: Pair) -> bool:
    """Whether what goes past all other derivatives is the gradient of a penalty, proportional to the parameter."""
    if pair.place.leaf is None:
        return False
    found = []
    for base in chain.bases:
        value = pair.place.value(base)
        for _ in range(2):
            along = chain.direction(value)
            slope, _bar = chain.slope(base, pair.place, [], pair.sources, True, along)
            found.append((slope, float((value * along).sum()), float(np.linalg.norm(value * along))))
    first = found[0][0] / found[0][1]
    return all(abs(slope - first * own) <= 1e-4 * abs(first) * norm for slope, own, norm in found)


def _missing(what: str) -> tuple[str, str]:
    return "missing-path", f"without {what}"


def _good(ratio: Ratio) -> bool:
    return ratio.constant and not ratio.idle and abs(ratio.factor - 1) < 1e-4


def _right(chain: Chain, pair: Pair, pinned: Sequence[Node]) -> bool:
    ratio = chain.ratio(pair.place, pair.node, pair.factor, pair.sources, pinned=pinned)
    return ratio.constant and not ratio.idle


def _children(flow: Flow, forward: set[int], pair: Pair) -> list[Node]:
    """What the forward pass makes of the variable at once."""
    if pair.place.node is not None:
        found = flow.children.get(pair.place.node.index, {})
    else:
        assert pair.place.leaf is not None
        found = flow.from_leaf(pair.place.leaf)[1]
    return [flow.nodes[i] for i in sorted(found) if i in forward]


def _reduced(flow: Flow, forward: set[int], pair: Pair) -> list[Node]:
    """Means, variances and the like: smaller than the variable, and used together with it."""
    if pair.place.node is None:
        return []
    shape = pair.place.shape
    below = flow.descendants([pair.place.node.index]) & forward
    ends = {s.place.node.index for s in pair.sources if s.place.node is not None}
    return [
        flow.nodes[i]
        for i in sorted(below - ends)
        if 1 <= flow.nodes[i].size < pair.place.node.size
        and len(shape) > 1
        and _broadcasts(flow.nodes[i].shape, shape)
        and flow.nodes[i].size > 1
        and any(flow.nodes[c].shape == shape for c in flow.children.get(i, {}) if c in forward)
    ]


def _broadcasts(small: tuple[int, ...], large: tuple[int, ...]) -> bool:
    try:
        return np.broadcast_shapes(small, large) == large
    except ValueError:
        return False


def _some(children: Sequence[Node], recurrent: bool) -> Iterator[tuple[str, list[Node]]]:
    """What may have been left out: one, or all but one; of steps in time, the first ones."""
    if recurrent:
        for k in range(1, len(children)):
            yield "truncated-bptt", list(children[:k])
        for k in range(1, len(children)):
            yield "truncated-bptt", list(children[k:])
    for child in children:
        yield "missing-path", [child]
    if len(children) > 2:
        for child in children:
            yield "missing-path", [other for other in children if other is not child]


def _sample(chain: Chain, pair: Pair) -> tuple[str, str] | None:
    """Whether a claim is that of one sample: along an axis of its only source, all other entries zero."""
    if len(pair.sources) != 1:
        return None
    source = pair.sources[0]
    for axis, length in enumerate(source.place.shape):
        if length < 2 or source.place.key() == pair.place.key():
            continue
        for chosen, name in ((0, "first"), (length - 1, "last")):
            masked = _Masked(chain, source, axis, chosen)
            ratio = masked.ratio(pair)
            if ratio.constant and not ratio.idle:
                return "partial-batch", f"of the {name} of {length} along axis {axis} of {source.node.label} only"
    return None


class _Masked(Chain):
    """The chain rule with all of a source zero but one part of it."""

    def __init__(self, chain: Chain, source: Source, axis: int, chosen: int) -> None:
        bases = [_OnlyPart(base, source.node, axis, chosen) for base in chain.bases]
        super().__init__(bases, chain.loss, chain.rng)

    def ratio(self, pair: Pair) -> Ratio:  # type: ignore[override]
        """Compare the claim."""
        return super().ratio(pair.place, pair.node, pair.factor, pair.sources, direct=False)


class _OnlyPart(Base):
    def __init__(self, base: Base, node: Node, axis: int, chosen: int) -> None:
        super().__init__(base.step, base.values, base.trace, base.name, base.neutral, base.neutral_keys)
        self._node, self._axis, self._chosen = node, axis, chosen

    def value(self, node: Node) -> Array:
        """The value of a node; of the source, one part."""
        value = super().value(node)
        if node is not self._node:
            return value
        kept = np.zeros_like(value)
        part = tuple([slice(None)] * self._axis + [self._chosen])
        kept[part] = value[part]
        return kept
