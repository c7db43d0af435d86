"""Changes of one line each that make the gradients right, and whether the line of one of them must be the wrong one.

Where the values single out no line, all lines that may be wrong are searched, with one grammar of edits. A line is
singled out if it alone can be repaired. What one line computes wrongly can often be undone where it is used, or where
its operands are made: such a neighbour has to be searched as thoroughly, or the line is only one of two.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from gradcheck.recording.blame import Blame
from gradcheck.recording.graph import Value, is_real
from gradcheck.recording.operations import same
from gradcheck.recording.repair import Repair
from gradcheck.recording.selection import Edits
from gradcheck.recording.settings import RECORDING

#: Searches all edits of a line by value: the repair, and whether the line could be searched so.
SearchUnit = Callable[[int], tuple[Repair | None, bool]]


@dataclass(frozen=True)
class Alternatives:
    """The lines that a change of theirs alone repairs.

    Attributes
    ----------
    repairs : dict of int to Repair
        By unit.
    searched : frozenset of int
        Units of which all edits were tried by value.
    untried : frozenset of int
        Units of which not even the small edits were all tried.
    """

    repairs: dict[int, Repair]
    searched: frozenset[int]
    untried: frozenset[int]

    def shown(self, blame: Blame) -> list[tuple[int, Repair]]:
        """The repairs that do not change what is right, or only step around a line that has a repair of its own."""
        left = {unit: repair for unit, repair in self.repairs.items() if not recomputes(blame, unit)}
        return [(unit, repair) for unit, repair in left.items() if not _bypassed(blame, unit, repair) & set(left)]

    def only(self, blame: Blame) -> tuple[int, Repair] | None:
        """The line that must be the wrong one if one is, and its repair."""
        left = self.shown(blame)
        scaled = blame.backward.is_scaled and any(np.size(claim.truth) > 2 for claim in blame.backward.claims)
        if len(left) != 1 or self.untried or scaled:
            return None  # what is off by a constant alone can be put right on any line
        unit, repair = left[0]
        if repair.slug == "transposed" and not repair.before:
            return unit, repair  # indices of what is assigned to are exchanged, which nothing else undoes
        change = _change(repair)
        if change is None or blame.dataflow.passes_on(unit):
            return None
        path, old = change
        neighbours: set[int] = set()
        if not path or _is_chain(path):
            users = set(_users(blame, unit))
            neighbours |= users if len(users) == 1 else set()
        if isinstance(old, (ast.Name, ast.Attribute, ast.Subscript)):
            neighbours |= set(_makers(blame, unit, ast.unparse(old)))
        known = self.searched | {each for each in neighbours if recomputes(blame, each)}
        return (unit, repair) if neighbours <= known else None


def alternatives(blame: Blame, edits: Edits, search: SearchUnit) -> Alternatives:
    """Search all lines that may be wrong."""
    repairs: dict[int, Repair] = {}
    searched, untried = set[int](), set[int]()
    for unit in blame.backward.suspected_units():
        if edits.is_spent or blame.dataflow.most_entries(unit) > RECORDING.most_entries:
            untried.add(unit)
            continue
        repair, complete = search(unit)
        if complete:
            searched.add(unit)
        for wider in (False, True) if repair is None and not complete else ():
            repair = repair or edits.repair(unit, wider=wider)
        if repair is not None:
            repairs[unit] = repair
        elif edits.is_spent and not complete:
            untried.add(unit)
    return Alternatives(repairs, frozenset(searched), frozenset(untried))


def recomputes(blame: Blame, unit: int) -> bool:
    """Whether a line makes nothing but values of the forward pass, under the names that they have there."""
    values = blame.recording.graph.values
    named = [value for value in values if unit in value.named_in and value.phase == 1]
    made = {value.id: value for value in (*_results(blame, unit), *named)}
    own = [values[value.inputs[0]] if value.function is same else value for value in made.values()]
    own = [value for value in own if is_real(value.array) and value.function is not None]
    return bool(own) and all(_is_same_again(blame, value) for value in own)


def _is_same_again(blame: Blame, value: Value) -> bool:
    values = blame.recording.graph.values
    alike = (values[i] for i in blame.backward.matches.forward(value.array) if i != value.id)
    return any(set(value.names) & set(each.names) for each in alike)


def _results(blame: Blame, unit: int) -> list[Value]:
    """What a line has computed in the backward pass, whole."""
    sites, span = blame.recording.sites, blame.recording.units[unit].span
    return [
        value
        for value in blame.recording.graph.values
        if value.phase == 1
        and value.site is not None
        and sites[value.site].unit == unit
        and sites[value.site].span == span
    ]


def _users(blame: Blame, unit: int) -> Iterator[int]:
    """The lines that read what a line has computed."""
    sites, values = blame.recording.sites, blame.recording.graph.values
    own = {value.id for value in _results(blame, unit)}
    for value in values:
        if value.phase == 1 and own & set(value.inputs):
            if value.site is None or sites[value.site].unit == unit:
                own.add(value.id)  # another name for it, or stored
            else:
                yield sites[value.site].unit


def _makers(blame: Blame, unit: int, text: str) -> Iterator[int]:
    """The lines that may be wrong and have made what a line reads under some name."""
    suspected = set(blame.backward.suspected_units())
    root = text.partition("[")[0]
    for value in _results(blame, unit):
        for read in blame.dataflow.operands_of(value, unit):
            if {root, text} & set(read.names):
                yield from {each for each in (read.unit, *read.named_in) if each in suspected and each != unit}


def _bypassed(blame: Blame, unit: int, repair: Repair) -> set[int]:
    """The lines whose value nothing reads after a repair: it computes anew what they have computed wrongly."""
    change = _change(repair)
    if change is None or not isinstance(change[1], (ast.Name, ast.Attribute, ast.Subscript)):
        return set()
    text = ast.unparse(change[1])
    if text in ast.unparse(ast.parse(f"({repair.after}\n)", mode="eval")):
        return set()
    return {each for each in _makers(blame, unit, text) if set(_users(blame, each)) == {unit}}


def _change(repair: Repair) -> tuple[list[ast.AST], ast.AST] | None:
    """The smallest part of an expression that a repair changes, and the nodes around it."""
    if not repair.before or not repair.after:
        return None
    old, new = (ast.parse(f"({text}\n)", mode="eval").body for text in (repair.before, repair.after))
    path: list[ast.AST] = []
    one: ast.AST = old
    other: ast.AST = new
    while type(one) is type(other):
        pairs = list(zip(ast.iter_child_nodes(one), ast.iter_child_nodes(other), strict=False))
        same_size = len(list(ast.iter_child_nodes(one))) == len(list(ast.iter_child_nodes(other))) == len(pairs)
        different = [(a, b) for a, b in pairs if ast.dump(a) != ast.dump(b)]
        if not same_size or len(different) != 1 or not isinstance(different[0][0], ast.expr):
            break
        path.append(one)
        one, other = different[0]
    return path, one


def _is_chain(path: list[ast.AST]) -> bool:
    """Whether what is inside of some nodes is a factor, or a term, of the whole."""
    for kinds in ((ast.Mult, ast.Div), (ast.Add, ast.Sub)):
        if all(
            isinstance(node, ast.UnaryOp) or (isinstance(node, ast.BinOp) and isinstance(node.op, kinds))
            for node in path
        ):
            return True
    return False
