"""The line as it should read: small changes of what a wrong line computes."""

from __future__ import annotations

import ast
import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gradcheck.scripts.text.identifiers import sounds_derived

#: So many names of one statement are put in each other's place, two at a time.
MANY = 12


@dataclass(frozen=True)
class Edit:
    """A change of a statement.

    Attributes
    ----------
    slug : str
        The mistake that the change undoes, if it says one.
    part : ast.expr
        What the statement should compute.
    """

    slug: str
    part: ast.expr


def edits(part: ast.expr) -> Iterator[Edit]:
    """Changes within what a statement computes: those that undo a mistake of the catalogue first."""
    seen = {ast.unparse(part)}
    for edit in sorted(_changed(part), key=lambda edit: edit.slug == ""):
        text = ast.unparse(edit.part)
        if text not in seen:
            seen.add(text)
            yield edit


def _changed(part: ast.expr) -> Iterator[Edit]:
    """Each change of one node, and a few of the whole."""
    yield Edit("sign-flipped", ast.UnaryOp(ast.USub(), part))
    yield Edit("constant-factor", ast.BinOp(ast.Constant(2), ast.Mult(), part))
    yield Edit("constant-factor", ast.BinOp(part, ast.Div(), ast.Constant(2)))
    nodes = _values(part)
    for node in nodes:
        for slug, new in _instead(node, nodes):
            yield Edit(slug, _with(part, {node: new}))


def _values(part: ast.expr) -> list[ast.expr]:
    """All expressions inside, but for names of functions and methods."""
    called = {id(n.func) for n in ast.walk(part) if isinstance(n, ast.Call)}
    return [n for n in ast.walk(part) if isinstance(n, ast.expr) and id(n) not in called]


def _with(tree: Any, instead: Mapping[ast.expr, ast.expr]) -> Any:
    """A copy of a tree with some of its nodes replaced."""
    if isinstance(tree, list):
        return [_with(item, instead) for item in tree]
    if not isinstance(tree, ast.AST):
        return tree
    if tree in instead:
        return instead[tree]  # type: ignore[index]
    return type(tree)(**{name: _with(value, instead) for name, value in ast.iter_fields(tree)})


def _instead(node: ast.expr, nodes: list[ast.expr]) -> Iterator[tuple[str, ast.expr]]:
    """What may stand in place of a part of a value."""
    if isinstance(node, ast.Attribute) and node.attr == "T":
        yield "transposed", node.value
    if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "transpose" and not node.args:
        yield "transposed", node.func.value  # type: ignore[attr-defined]
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        yield "sign-flipped", node.operand
    if isinstance(node, ast.Call) and getattr(node.func, "attr", "") in ("sum", "mean"):
        instead = "mean" if node.func.attr == "sum" else "sum"  # type: ignore[attr-defined]
        function = ast.Attribute(node.func.value, instead, ast.Load())  # type: ignore[attr-defined]
        yield "mean-sum", ast.Call(function, node.args, node.keywords)
    if isinstance(node, ast.Call):
        yield from _axes(node)
    if isinstance(node, ast.Compare) and len(node.ops) == 1 and type(node.ops[0]) in _OPPOSITE:
        yield "", ast.Compare(node.left, [_OPPOSITE[type(node.ops[0])]()], node.comparators)
    if isinstance(node, ast.Subscript):
        yield from _indices(node)
    if isinstance(node, ast.BinOp):
        if isinstance(node.op, (ast.Mult, ast.Pow)):  # as in the derivatives of powers
            yield "", ast.BinOp(ast.Constant(2), ast.Mult(), node)
            yield "", ast.BinOp(ast.Constant(3), ast.Mult(), node)
        if isinstance(node.op, ast.Sub):
            yield "", ast.BinOp(node.left, ast.Add(), node.right)
            yield "sign-flipped", ast.BinOp(node.right, ast.Sub(), node.left)
        if isinstance(node.op, ast.Add):
            yield "", ast.BinOp(node.left, ast.Sub(), node.right)
        if isinstance(node.op, (ast.Mult, ast.Div)):
            yield "", node.left
        if isinstance(node.op, ast.Mult):
            yield "", node.right
            yield "", ast.BinOp(node.left, ast.Div(), node.right)
        if isinstance(node.op, ast.Div):
            yield "", ast.BinOp(node.left, ast.Mult(), node.right)
    if isinstance(node, (ast.Name, ast.Attribute, ast.Subscript)) and not _module(node):
        if not isinstance(node, ast.Subscript):
            yield "transposed", ast.Attribute(node, "T", ast.Load())
        for other in nodes:
            same = isinstance(other, (ast.Name, ast.Attribute, ast.Subscript)) and not _module(other)
            if same and ast.unparse(other) != ast.unparse(node):
                yield "", other


_OPPOSITE: dict[type, type[ast.cmpop]] = {ast.Gt: ast.Lt, ast.Lt: ast.Gt, ast.GtE: ast.LtE, ast.LtE: ast.GtE}


def _axes(node: ast.Call) -> Iterator[tuple[str, ast.expr]]:
    """A sum along another axis."""
    for i, keyword in enumerate(node.keywords):
        if keyword.arg == "axis" and isinstance(keyword.value, ast.Constant) and keyword.value.value in (0, 1):
            other = ast.keyword("axis", ast.Constant(1 - keyword.value.value))
            yield (
                "",
                ast.Call(node.func, node.args, [other if k == i else kept for k, kept in enumerate(node.keywords)]),
            )


def additions(part: ast.expr, slug: str, operator: ast.operator, names: Sequence[str]) -> Iterator[Edit]:
    """A term more, or a factor more, which is one of some variables."""
    read = {n.id for n in ast.walk(part) if isinstance(n, ast.Name)}
    for name in names:
        if name not in read:
            yield Edit(slug, ast.BinOp(part, operator, ast.Name(name, ast.Load())))


#: Derivatives of activations, by what they are computed from.
SLOPES = ("({0} > 0)", "(1 - {0} ** 2)", "({0} * (1 - {0}))")


def slopes(part: ast.expr, names: Sequence[str]) -> Iterator[Edit]:
    """The derivative of an activation as one more factor."""
    for name in names:
        for form in SLOPES:
            factor = ast.parse(form.format(name), mode="eval").body
            yield Edit("missing-activation-derivative", ast.BinOp(part, ast.Mult(), factor))


def exchanges(part: ast.expr) -> Iterator[Edit]:
    """Two variables in each other's place."""
    names = [n for n in _values(part) if isinstance(n, (ast.Name, ast.Attribute)) and not _module(n)][:MANY]
    for one, other in itertools.combinations(names, 2):
        if ast.unparse(one) != ast.unparse(other):
            derived = all(sounds_derived([ast.unparse(name)]) for name in (one, other))
            yield Edit("swapped-blocks" if derived else "", _with(part, {one: other, other: one}))


def replacements(names: Sequence[str]) -> Iterator[Edit]:
    """A variable instead of all that is computed."""
    for name in names:
        yield Edit("", ast.Name(name, ast.Load()))


def swaps(part: ast.expr, names: Sequence[str]) -> Iterator[Edit]:
    """One variable replaced by another of the same shape."""
    for node in _values(part):
        if not isinstance(node, (ast.Name, ast.Subscript, ast.Attribute)) or _module(node):
            continue
        own = ast.unparse(node)
        for name in names:
            if name.replace("'", '"') != own.replace("'", '"'):
                slug = "swapped-blocks" if sounds_derived([own]) and sounds_derived([name]) else "stale-cache"
                yield Edit(slug, _with(part, {node: ast.parse(name, mode="eval").body}))


#: Methods of arrays.
METHODS = {"dot", "sum", "mean", "reshape", "transpose", "copy", "astype", "ravel", "max", "min", "squeeze", "flatten"}


def calls_own(part: ast.expr) -> bool:
    """Whether functions of the program's own may be called, which changes may leave out."""
    functions = [n.func for n in ast.walk(part) if isinstance(n, ast.Call)]
    return any(not _module(f) and getattr(f, "attr", "") not in METHODS for f in functions)


def _indices(node: ast.Subscript) -> Iterator[tuple[str, ast.expr]]:
    """Another index: one further on, one back, a slice that is not reversed."""
    index = node.slice
    items = index.elts if isinstance(index, ast.Tuple) else [index]
    for i, item in enumerate(items):
        if isinstance(item, ast.Slice):
            if isinstance(item.step, ast.UnaryOp):
                rest = [
                    ast.Slice() if isinstance(e, ast.Slice) and isinstance(e.step, ast.UnaryOp) else e for e in items
                ]
                yield "reversed-axis", ast.Subscript(node.value, ast.Tuple(rest, ast.Load()), ast.Load())
            continue
        if isinstance(item, ast.Constant) and isinstance(item.value, str):
            continue
        for new in _neighbours(item):
            rest = [new if k == i else e for k, e in enumerate(items)]
            yield (
                "shifted",
                ast.Subscript(node.value, ast.Tuple(rest, ast.Load()) if len(items) > 1 else new, ast.Load()),
            )


def _neighbours(item: ast.expr) -> Iterator[ast.expr]:
    plain = (
        isinstance(item, ast.BinOp) and isinstance(item.right, ast.Constant) and isinstance(item.op, (ast.Add, ast.Sub))
    )
    if plain:
        yield item.left  # type: ignore[attr-defined]
    yield ast.BinOp(item, ast.Add(), ast.Constant(1))
    yield ast.BinOp(item, ast.Sub(), ast.Constant(1))


def _module(node: ast.expr) -> bool:
    """Whether a name is that of a library."""
    while isinstance(node, (ast.Attribute, ast.Subscript)):
        node = node.value
    return not isinstance(node, ast.Name) or node.id in ("np", "numpy", "math", "random", "scipy", "range", "len")
