"""Wrong constants in claimed gradients: the fewest lines that explain them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

from gradcheck.scripts.chain_rule.pairs import AdjointPair

#: Constants that differ by less than this, relatively, are the same: slopes are good to about 1e-5.
_SAME_CONSTANT = 1e-4


def local_factor(pair: AdjointPair) -> float:
    """The constant that a line brings in: its own divided by that of its upstream adjoints."""
    scales = {round(upstream.scale, 9) for upstream in pair.upstream}
    before = pair.upstream[0].scale if len(scales) == 1 else 1.0
    return pair.scale / before


def _introduced(pair: AdjointPair, right: Sequence[AdjointPair]) -> float:
    """The constant that a line brings in beyond what updates of right parameters bring in, as -1 for ascent."""
    usual = {round(local_factor(p), 6) for p in right if p.node.is_increment}
    return local_factor(pair) / (usual.pop() if pair.node.is_increment and len(usual) == 1 else 1.0)


def explain_constants(
    pairs: Mapping[int, AdjointPair],
    wrong: Sequence[AdjointPair],
    right: Sequence[AdjointPair],
    above: Mapping[int, set[int]],
) -> list[tuple[AdjointPair, float]]:
    """The fewest lines, each with a constant, that explain all gradients that are off by a constant.

    Parameters
    ----------
    pairs : dict
        All adjoints, by node.
    wrong, right : sequence of AdjointPair
        Claimed gradients that are off by a constant, and those that are right.
    above : dict
        For each claimed gradient, the nodes that it is made of.
    """
    single = _single_line(pairs, wrong, right, above)
    if single is not None:
        return [single]
    found: list[tuple[AdjointPair, float]] = []
    left = list(wrong)
    safe = set().union(*(above[p.node.index] for p in right)) if right else set()
    while left:
        factor = left[0].scale
        group = [p for p in left if abs(p.scale / factor - 1) < _SAME_CONSTANT]
        left = [p for p in left if p not in group]
        common = set.intersection(*(above[p.node.index] for p in group)) - safe
        options = [pairs[i] for i in common if i in pairs and pairs[i].proportional]
        if not options and len(group) > 1:
            for one in group:
                found += explain_constants(pairs, [one], right, above)
        elif not options:
            found.append((group[0], factor))
        else:
            found.append((_line_of_group(group, options, right, factor), factor))
    return found


def _line_of_group(
    group: Sequence[AdjointPair], options: Sequence[AdjointPair], right: Sequence[AdjointPair], factor: float
) -> AdjointPair:
    """The line that brings in the constant which a group of gradients has in common."""
    odd = [p for p in options if abs(_introduced(p, right) - 1) > _SAME_CONSTANT]
    exact = [p for p in odd if abs(_introduced(p, right) / factor - 1) < _SAME_CONSTANT]
    pool = exact or odd or [p for p in options if not p.node.is_increment] or options
    # a single gradient is explained by its own line, several by the first line that they share
    return (min if exact or len(group) > 1 else max)(pool, key=lambda p: p.node.index)


def _single_line(
    pairs: Mapping[int, AdjointPair],
    wrong: Sequence[AdjointPair],
    right: Sequence[AdjointPair],
    above: Mapping[int, set[int]],
) -> tuple[AdjointPair, float] | None:
    """One line that explains all gradients if it brings in the same constant each time it is executed."""
    lines: dict[int, list[AdjointPair]] = {}
    for pair in pairs.values():
        if pair.ratio.nonzero:
            lines.setdefault(pair.node.location.index, []).append(pair)
    fitting = [entry for line in lines.values() for entry in _explanations(line, wrong, right, above)]
    if not fitting:
        return None
    sign = 1 if len(wrong) > 1 else -1  # several gradients are explained by their first common line, one by its last
    best = min(fitting, key=lambda f: (*f[0], sign * f[1].node.index))
    return best[1], best[2]


def _explanations(
    line: Sequence[AdjointPair],
    wrong: Sequence[AdjointPair],
    right: Sequence[AdjointPair],
    above: Mapping[int, set[int]],
) -> Iterator[tuple[tuple[bool, bool, bool, int], AdjointPair, float]]:
    """The line with its constant if that explains all gradients; first how unlikely the explanation is."""
    gradients = (*wrong, *right)
    executed = {p.node.index: sum(q.node.index in above[p.node.index] for q in line) for p in gradients}
    first = next((p for p in wrong if executed[p.node.index] == 1), None)
    if first is None:
        return
    factor = first.scale
    if all(math.isclose(p.scale, factor ** executed[p.node.index], rel_tol=_SAME_CONSTANT) for p in gradients):
        own = all(math.isclose(_introduced(p, right), factor, rel_tol=_SAME_CONSTANT) for p in line)
        even = abs(_introduced(line[0], right) - 1) <= _SAME_CONSTANT
        yield (not own, even, line[0].node.is_increment, -len(line)), line[0], factor
