"""Constants that derivatives carry: those that are made up for later, and the lines to blame for those that are not."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from gradcheck.scripts.chain_rule.consumers import Pair

#: Constants nearer to each other than this are the same.
SAME = 1e-4


def own_factor(pair: Pair) -> float:
    """The constant that a line brings in: its own over that of what it is made of."""
    scales = {round(source.scale, 9) for source in pair.sources}
    before = pair.sources[0].scale if len(scales) == 1 else 1.0
    return pair.scale / before


def _brought(pair: Pair, right: Sequence[Pair]) -> float:
    """The constant that a line brings in, beside what updates that are right bring in: a sign, where all ascend."""
    usual = {round(own_factor(p), 6) for p in right if p.node.increment}
    return own_factor(pair) / (usual.pop() if pair.node.increment and len(usual) == 1 else 1.0)


def to_blame(
    pairs: Mapping[int, Pair], wrong: Sequence[Pair], right: Sequence[Pair], above: Mapping[int, set[int]]
) -> list[tuple[Pair, float]]:
    """The fewest lines that, multiplied by a constant each, make all parameters right; each with its constant.

    Parameters
    ----------
    pairs : dict
        All derivatives, by their node.
    wrong, right : sequence of Pair
        Gradients of parameters that are off by a constant, and those that are right.
    above : dict
        For each gradient of a parameter, the derivatives that it is made of.
    """
    one_line = _one_line(pairs, wrong, right, above)
    if one_line is not None:
        return [one_line]
    blamed: list[tuple[Pair, float]] = []
    left = list(wrong)
    safe = set().union(*(above[p.node.index] for p in right)) if right else set()
    while left:
        factor = left[0].scale
        group = [p for p in left if abs(p.scale / factor - 1) < SAME]
        left = [p for p in left if p not in group]
        common = set.intersection(*(above[p.node.index] for p in group)) - safe
        options = [pairs[i] for i in common if i in pairs and pairs[i].proportional]
        if not options and len(group) > 1:
            for one in group:
                blamed += to_blame(pairs, [one], right, above)
            continue
        if not options:
            blamed.append((group[0], factor))
            continue
        odd = [p for p in options if abs(_brought(p, right) - 1) > SAME]
        exact = [p for p in odd if abs(_brought(p, right) / factor - 1) < SAME]
        pool = exact or odd or [p for p in options if not p.node.increment] or options
        # what stands alone before one parameter is its own line; what several share is blamed where they part
        chosen = (min if exact or len(group) > 1 else max)(pool, key=lambda p: p.node.index)
        blamed.append((chosen, factor))
    return blamed


def _one_line(
    pairs: Mapping[int, Pair], wrong: Sequence[Pair], right: Sequence[Pair], above: Mapping[int, set[int]]
) -> tuple[Pair, float] | None:
    """One line that brings in the same constant wherever it is passed, if that explains all parameters."""
    lines: dict[int, list[Pair]] = {}
    for pair in pairs.values():
        if pair.proportional and not pair.ratio.idle:
            lines.setdefault(pair.node.site.index, []).append(pair)
    fitting = []
    for found in lines.values():
        passed = {p.node.index: sum(q.node.index in above[p.node.index] for q in found) for p in (*wrong, *right)}
        first = next((p for p in wrong if passed[p.node.index] == 1), None)
        if first is None:
            continue
        factor = first.scale
        explained = all(math.isclose(p.scale, factor ** passed[p.node.index], rel_tol=SAME) for p in (*wrong, *right))
        if explained:
            own = all(math.isclose(_brought(p, right), factor, rel_tol=SAME) for p in found)
            even = abs(_brought(found[0], right) - 1) <= SAME
            fitting.append(
                (not own, even, found[0].node.increment, -len(found), -found[0].node.index, found[0], factor)
            )
    if not fitting:
        return None
    several = len(wrong) > 1  # then the line where they part
    best = min(fitting, key=lambda f: (*f[:4], -f[4]) if several else f[:5])
    return best[5], best[6]
