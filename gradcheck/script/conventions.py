"""Constants that derivatives carry: those that are made up for later, and the lines to blame for those that are not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from gradcheck.script.pairs import Pair

#: Constants nearer to each other than this are the same.
SAME = 1e-4


def own_factor(pair: Pair) -> float:
    """The constant that a line brings in: its own over that of what it is made of."""
    scales = {round(source.scale, 9) for source in pair.sources}
    before = pair.sources[0].scale if len(scales) == 1 else 1.0
    return pair.scale / before


def to_blame(pairs: Mapping[int, Pair], wrong: Sequence[Pair], right: Sequence[Pair], above: Mapping[int, set[int]]) -> list[Pair]:
    """The fewest lines that, multiplied by a constant each, make all parameters right.

    Parameters
    ----------
    pairs : dict
        All derivatives, by their node.
    wrong, right : sequence of Pair
        Gradients of parameters that are off by a constant, and those that are right.
    above : dict
        For each gradient of a parameter, the derivatives that it is made of.
    """
    blamed: list[Pair] = []
    left = list(wrong)
    safe = set().union(*(above[p.node.index] for p in right)) if right else set()
    while left:
        factor = left[0].scale
        group = [p for p in left if abs(p.scale / factor - 1) < SAME]
        left = [p for p in left if p not in group]
        common = set.intersection(*(above[p.node.index] for p in group)) - safe
        options = [pairs[i] for i in common if i in pairs and pairs[i].proportional]
        if not options:
            blamed += group
            continue
        odd = [p for p in options if abs(own_factor(p) - 1) > SAME]
        exact = [p for p in odd if abs(own_factor(p) / factor - 1) < SAME]
        pool = exact or odd or [p for p in options if not p.node.increment] or options
        # what stands alone before one parameter is its own line; what several share is blamed where they part
        blamed.append((min if exact or len(group) > 1 else max)(pool, key=lambda p: p.node.index))
    return blamed
