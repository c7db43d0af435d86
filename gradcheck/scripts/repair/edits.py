"""Small edits of what a statement computes, those that undo a known mistake first."""

from __future__ import annotations

import ast
import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gradcheck.scripts.text.identifiers import looks_like_derivative

#: Names of one statement that are exchanged, two at a time: 66 pairs.
_MOST_EXCHANGED = 12

#: Derivatives of activations, by the variable that they are computed from.
_SLOPES = ("({0} > 0)", "(1 - {0} ** 2)", "({0} * (1 - {0}))")

_OPPOSITE: dict[type, type[ast.cmpop]] = {ast.Gt: ast.Lt, ast.Lt: ast.Gt, ast.GtE: ast.LtE, ast.LtE: ast.GtE}

#: Methods of arrays.
_METHODS = {"dot", "sum", "mean", "reshape", "transpose", "copy", "astype", "ravel", "max", "min", "squeeze", "flatten"}

#: Names that are not variables of the program.
_LIBRARIES = ("np", "numpy", "math", "random", "scipy", "range", "len")


@dataclass(frozen=True)
class Edit:
    """An edit of a statement.

    Attributes
    ----------
    slug : str
        The mistake that it undoes; empty if none in particular.
    expression : ast.expr
        What the statement computes after it.
    """

    slug: str
    expression: ast.expr


def edits(expression: ast.expr) -> Iterator[Edit]:
    """Edits inside an expression, each once: those that undo a known mistake first."""
    seen = {ast.unparse(expression)}
    for edit in sorted(_all_edits(expression), key=lambda edit: edit.slug == ""):
        text = ast.unparse(edit.expression)
        if text not in seen:
            seen.add(text)
            yield edit


def _all_edits(expression: ast.expr) -> Iterator[Edit]:
    yield Edit("sign-flipped", ast.UnaryOp(ast.USub(), expression))
    yield Edit("constant-factor", ast.BinOp(ast.Constant(2), ast.Mult(), expression))
    yield Edit("constant-factor", ast.BinOp(expression, ast.Div(), ast.Constant(2)))
    nodes = _values(expression)
    for node in nodes:
        for slug, new in _alternatives(node, nodes):
            yield Edit(slug, _with(expression, {node: new}))


def _values(expression: ast.expr) -> list[ast.expr]:
    """All expressions inside, without the names of called functions and methods, and those that are assigned."""
    fixed = {id(n.func) for n in ast.walk(expression) if isinstance(n, ast.Call)}
    fixed |= {id(n.target) for n in ast.walk(expression) if isinstance(n, ast.NamedExpr)}
    return [n for n in ast.walk(expression) if isinstance(n, ast.expr) and id(n) not in fixed]


def _with(tree: Any, instead: Mapping[ast.expr, ast.expr]) -> Any:
    """A copy of a tree with some of its nodes replaced."""
    if isinstance(tree, list):
        return [_with(item, instead) for item in tree]
    if not isinstance(tree, ast.AST):
        return tree
    if tree in instead:
        return instead[tree]  # type: ignore[index]
    return type(tree)(**{name: _with(value, instead) for name, value in ast.iter_fields(tree)})


def _alternatives(node: ast.expr, nodes: list[ast.expr]) -> Iterator[tuple[str, ast.expr]]:
    """Expressions that may replace one inside, each with the mistake that this undoes."""
    if isinstance(node, ast.Attribute) and node.attr == "T":
        yield "transposed", node.value
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        yield "sign-flipped", node.operand
    if isinstance(node, ast.Call):
        yield from _calls(node)
    if isinstance(node, ast.Compare) and len(node.ops) == 1 and type(node.ops[0]) in _OPPOSITE:
        yield "", ast.Compare(node.left, [_OPPOSITE[type(node.ops[0])]()], node.comparators)
    if isinstance(node, ast.Subscript):
        yield from _indices(node)
    if isinstance(node, ast.BinOp):
        yield from _operations(node)
    if _is_variable(node):
        if not isinstance(node, ast.Subscript):
            yield "transposed", ast.Attribute(node, "T", ast.Load())
        for other in nodes:
            if _is_variable(other) and ast.unparse(other) != ast.unparse(node):
                yield "", other


def _calls(node: ast.Call) -> Iterator[tuple[str, ast.expr]]:
    """No transposition, a mean for a sum and the reverse, and a sum along another axis."""
    if isinstance(node.func, ast.Attribute):
        if node.func.attr == "transpose" and not node.args:
            yield "transposed", node.func.value
        if node.func.attr in ("sum", "mean"):
            other = "mean" if node.func.attr == "sum" else "sum"
            yield "mean-sum", ast.Call(ast.Attribute(node.func.value, other, ast.Load()), node.args, node.keywords)
    for i, keyword in enumerate(node.keywords):
        if keyword.arg == "axis" and isinstance(keyword.value, ast.Constant) and keyword.value.value in (0, 1):
            axis = ast.keyword("axis", ast.Constant(1 - keyword.value.value))
            keywords = [axis if k == i else kept for k, kept in enumerate(node.keywords)]
            yield "", ast.Call(node.func, node.args, keywords)


def _operations(node: ast.BinOp) -> Iterator[tuple[str, ast.expr]]:
    """Another operator, one operand alone, and the factors 2 and 3 of derivatives of powers."""
    if isinstance(node.op, (ast.Mult, ast.Pow)):
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


def _indices(node: ast.Subscript) -> Iterator[tuple[str, ast.expr]]:
    """An index one higher or lower, and a slice that is not reversed."""
    index = node.slice
    items = index.elts if isinstance(index, ast.Tuple) else [index]
    for i, item in enumerate(items):
        if isinstance(item, ast.Slice):
            if _is_reversed(item):
                forward = [ast.Slice() if _is_reversed(e) else e for e in items]
                yield "reversed-axis", ast.Subscript(node.value, ast.Tuple(forward, ast.Load()), ast.Load())
            continue
        if isinstance(item, ast.Constant) and isinstance(item.value, str):
            continue
        for new in _neighbours(item):
            shifted = [new if k == i else e for k, e in enumerate(items)]
            index = ast.Tuple(shifted, ast.Load()) if len(items) > 1 else new
            yield "shifted", ast.Subscript(node.value, index, ast.Load())


def _is_reversed(item: ast.expr) -> bool:
    return isinstance(item, ast.Slice) and isinstance(item.step, ast.UnaryOp)


def _neighbours(item: ast.expr) -> Iterator[ast.expr]:
    if isinstance(item, ast.BinOp) and isinstance(item.right, ast.Constant) and isinstance(item.op, (ast.Add, ast.Sub)):
        yield item.left
    yield ast.BinOp(item, ast.Add(), ast.Constant(1))
    yield ast.BinOp(item, ast.Sub(), ast.Constant(1))


def additions(expression: ast.expr, slug: str, operator: ast.operator, names: Sequence[str]) -> Iterator[Edit]:
    """One more term, or one more factor, from some variables that the expression does not read."""
    read = {n.id for n in ast.walk(expression) if isinstance(n, ast.Name)}
    for name in names:
        if name not in read:
            yield Edit(slug, ast.BinOp(expression, operator, ast.Name(name, ast.Load())))


def activation_slopes(expression: ast.expr, names: Sequence[str]) -> Iterator[Edit]:
    """The derivative of an activation as one more factor."""
    for name in names:
        for form in _SLOPES:
            factor = ast.parse(form.format(name), mode="eval").body
            yield Edit("missing-activation-derivative", ast.BinOp(expression, ast.Mult(), factor))


def exchanges(expression: ast.expr) -> Iterator[Edit]:
    """Two variables of the expression exchanged."""
    names = [n for n in _values(expression) if isinstance(n, (ast.Name, ast.Attribute)) and _is_variable(n)]
    for one, other in itertools.combinations(names[:_MOST_EXCHANGED], 2):
        if ast.unparse(one) != ast.unparse(other):
            derivatives = all(looks_like_derivative([ast.unparse(name)]) for name in (one, other))
            yield Edit("swapped-blocks" if derivatives else "", _with(expression, {one: other, other: one}))


def replacements(names: Sequence[str]) -> Iterator[Edit]:
    """A variable in place of the whole expression."""
    for name in names:
        yield Edit("", ast.Name(name, ast.Load()))


def substitutions(expression: ast.expr, names: Sequence[str]) -> Iterator[Edit]:
    """One variable of the expression replaced by another of the program."""
    for node in filter(_is_variable, _values(expression)):
        own = ast.unparse(node)
        for name in names:
            if name.replace("'", '"') != own.replace("'", '"'):
                slug = (
                    "swapped-blocks"
                    if looks_like_derivative([own]) and looks_like_derivative([name])
                    else "stale-cache"
                )
                yield Edit(slug, _with(expression, {node: ast.parse(name, mode="eval").body}))


def calls_program(expression: ast.expr) -> bool:
    """Whether an expression may call functions of the program, which an edit may leave out."""
    functions = [n.func for n in ast.walk(expression) if isinstance(n, ast.Call)]
    return any(not _is_library(f) and getattr(f, "attr", "") not in _METHODS for f in functions)


def _is_variable(node: ast.expr) -> bool:
    """Whether an expression is a variable of the program, an attribute or an item of one."""
    return isinstance(node, (ast.Name, ast.Attribute, ast.Subscript)) and not _is_library(node)


def _is_library(node: ast.expr) -> bool:
    """Whether an expression belongs to a library, or is not written with names at all."""
    while isinstance(node, (ast.Attribute, ast.Subscript)):
        node = node.value
    return not isinstance(node, ast.Name) or node.id in _LIBRARIES
