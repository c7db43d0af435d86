"""The line as it should read: small changes of a wrong line, each tried in the whole program."""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from gradcheck.script.names import sounds_derived


@dataclass(frozen=True)
class Edit:
    """A changed statement.

    Attributes
    ----------
    slug : str
        The mistake that the change undoes, if it says one.
    text : str
        The statement as it should read.
    source : str
        The whole source with it.
    """

    slug: str
    text: str
    source: str


def edits(source: str, line: int) -> Iterator[Edit]:
    """Changed versions of the statement in a line: those that undo a mistake of the catalogue first."""
    statement = _statement(ast.parse(source), line)
    if statement is None:
        return
    segment = ast.get_source_segment(source, statement)
    if segment is None or not hasattr(statement, "value"):
        return
    lines = source.split("\n")
    head, last = lines[: statement.lineno - 1], statement.end_lineno or statement.lineno
    indent = lines[statement.lineno - 1][: statement.col_offset]
    seen = {ast.unparse(statement)}
    for slug, changed in sorted(_changed(statement), key=lambda change: change[0] == ""):
        text = ast.unparse(ast.fix_missing_locations(changed))
        if text in seen:
            continue
        seen.add(text)
        body = indent + text + "\n" * (last - statement.lineno)
        yield Edit(slug, text, "\n".join([*head, body, *lines[last:]]))


def _statement(tree: ast.Module, line: int) -> Any:
    """The smallest statement in a line."""
    found = [
        node
        for node in ast.walk(tree)
        if isinstance(node, (ast.Assign, ast.AugAssign, ast.Return, ast.Expr))
        and node.lineno <= line <= (node.end_lineno or node.lineno)
    ]
    return min(found, key=lambda node: (node.end_lineno or 0) - node.lineno, default=None)


Change = Callable[[Any], Any]


def _changed(statement: Any) -> Iterator[tuple[str, Any]]:
    """Each change of one node of the value."""
    nodes = [n for n in ast.walk(statement.value) if isinstance(n, ast.expr)]
    for i, node in enumerate(nodes):
        for slug, new in _instead(node, nodes):
            yield slug, _with(statement, i, new)


def _with(statement: Any, place: int, new: ast.expr) -> Any:
    fresh = copy.deepcopy(statement)
    old = [n for n in ast.walk(fresh.value) if isinstance(n, ast.expr)][place]

    class _Put(ast.NodeTransformer):
        def visit(self, node: ast.AST) -> Any:
            return copy.deepcopy(new) if node is old else self.generic_visit(node)

    fresh.value = _Put().visit(fresh.value)
    return fresh


def _instead(node: ast.expr, nodes: list[ast.expr]) -> Iterator[tuple[str, ast.expr]]:
    """What may stand in place of a part of a value."""
    if isinstance(node, ast.Attribute) and node.attr == "T":
        yield "transposed", node.value
    if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "transpose" and not node.args:
        yield "transposed", node.func.value  # type: ignore[attr-defined]
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        yield "sign-flipped", node.operand
    if isinstance(node, ast.Subscript):
        yield from _indices(node)
    if isinstance(node, ast.BinOp):
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


def swaps(source: str, line: int, names: list[str]) -> Iterator[Edit]:
    """The statement in a line with one variable replaced by another of the same shape."""
    statement = _statement(ast.parse(source), line)
    if statement is None or not hasattr(statement, "value"):
        return
    lines = source.split("\n")
    last = statement.end_lineno or statement.lineno
    indent = lines[statement.lineno - 1][: statement.col_offset]
    nodes = [n for n in ast.walk(statement.value) if isinstance(n, ast.expr)]
    for i, node in enumerate(nodes):
        if not isinstance(node, (ast.Name, ast.Subscript, ast.Attribute)) or _module(node):
            continue
        own = ast.unparse(node)
        for name in names:
            if name == own:
                continue
            slug = "swapped-blocks" if sounds_derived([own]) and sounds_derived([name]) else "stale-cache"
            text = ast.unparse(ast.fix_missing_locations(_with(statement, i, ast.parse(name, mode="eval").body)))
            body = indent + text + "\n" * (last - statement.lineno)
            yield Edit(slug, text, "\n".join([*lines[: statement.lineno - 1], body, *lines[last:]]))


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
