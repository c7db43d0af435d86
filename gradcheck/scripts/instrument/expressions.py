"""Puts taps around the expressions of a source: arguments, elements, what is returned."""

from __future__ import annotations

import ast
import copy
from typing import Any

from gradcheck.scripts.instrument.events import Site
from gradcheck.scripts.text.statement import grows
from gradcheck.scripts.text.syntax import (
    PRODUCTS,
    STATISTICS,
    Written,
    called,
    defined,
    only_names,
    rate,
    shows,
)

#: The name under which the rewritten source finds the tape.
TAPE = "_gradcheck_tape_"


class Expressions(ast.NodeTransformer):
    """Puts taps into one source.

    Parameters
    ----------
    file : str
    text : str
        The source.
    sites : list of Site
        Shared by all sources of a program; added to.
    loops : list
        Gets the loops that are met, each with the function that it stands in.
    """

    def __init__(self, file: str, text: str, sites: list[Site], loops: list[Any] | None = None) -> None:
        self.file, self.text, self.sites, self.loops = file, text, sites, loops
        self._source = Written(text)
        self.functions: list[ast.AST] = []
        self.statement: ast.stmt | None = None
        self.in_class = False
        self.bare = False

    # -- sites -----------------------------------------------------------------------------------------------------

    def site(self, node: ast.AST, target: str, kind: str = "assign", sign: int = 1) -> ast.expr:
        """A new site; returns its index as an expression."""
        function = getattr(self.functions[-1], "name", "<lambda>") if self.functions else ""
        text = self._source.opening(self.statement) if self.statement else ""
        self.sites.append(
            Site(
                len(self.sites),
                self.file,
                getattr(node, "lineno", 0),
                getattr(node, "col_offset", 0),
                target,
                function,
                text,
                kind,
                sign,
            )
        )
        return ast.Constant(len(self.sites) - 1)

    def written(self, node: ast.AST) -> str:
        """A piece of the source as it is written, in one line."""
        return self._source.piece(node) or ast.unparse(node)

    def call(self, method: str, *arguments: ast.expr) -> ast.Call:
        """A call of the tape."""
        return ast.Call(ast.Attribute(ast.Name(TAPE, ast.Load()), method, ast.Load()), list(arguments), [])

    # -- expressions -----------------------------------------------------------------------------------------------

    def visit_Call(self, node: ast.Call) -> Any:
        """Arguments that are computed on the spot; `next` is not drawn again by a replay."""
        if isinstance(node.func, ast.Name) and node.func.id == "next" and not node.keywords:
            return self.call("draw", *[self.visit(a) for a in node.args])
        if isinstance(node.func, ast.Attribute) and node.func.attr in STATISTICS and not self.bare:
            self.bare = True
            try:
                return self.call("value", self.site(node, self.written(node), "expression"), self.visit(node))
            finally:
                self.bare = False
        self.bare = False
        defined(node)
        node.func = self.visit(node.func)
        shown = shows(node.func)
        node.args = [self._argument(a, shown) for a in node.args]
        for keyword in node.keywords:
            keyword.value = self._argument(keyword.value, shown)
        return node

    def visit_FormattedValue(self, node: ast.FormattedValue) -> Any:
        """Numbers that are only printed."""
        node.value = self._argument(node.value, shown=True)
        return node

    def visit_Dict(self, node: ast.Dict) -> Any:
        """``{"dW": value}``: a value is called as its key."""
        for i, (key, value) in enumerate(zip(node.keys, node.values, strict=True)):
            name = key.value if isinstance(key, ast.Constant) else None
            node.values[i] = self._seen(value, name if isinstance(name, str) else self.written(value), "expression")
        return node

    def _elements(self, node: Any) -> Any:
        if isinstance(getattr(node, "ctx", None), ast.Store):
            return node
        node.elts = [self._seen(e, self.written(e), "expression") for e in node.elts]
        return node

    visit_List = visit_Tuple = _elements

    def _comprehension(self, node: Any) -> Any:
        written = self.written(node.elt)
        node.generators = [self.visit(g) for g in node.generators]
        node.elt = self._seen(node.elt, written, "expression")
        return node

    visit_ListComp = visit_GeneratorExp = _comprehension

    def visit_DictComp(self, node: ast.DictComp) -> Any:
        """``{k: value for …}``."""
        node.generators = [self.visit(g) for g in node.generators]
        node.value = self._seen(node.value, self.written(node.value), "expression")
        return node

    def visit_Subscript(self, node: ast.Subscript) -> Any:
        """What is indexed; the index itself is left alone."""
        node.value = self.visit(node.value)
        return node

    def _argument(self, node: ast.expr, shown: bool) -> ast.expr:
        """An argument, seen if it is a computation: of what is printed or kept, any."""
        minus = isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub)
        if isinstance(node, ast.UnaryOp) and minus and not (shown and isinstance(node.operand, ast.Call)):
            node.operand = self._argument(node.operand, shown)
            return node
        worth = isinstance(node, ast.BinOp) or (isinstance(node, ast.Call) and (shown or called(node) in PRODUCTS))
        if worth or minus:
            return self._seen(node, self.written(node), "expression")
        visited: ast.expr = self.visit(node)
        return visited

    def _seen(self, node: ast.expr, target: str, kind: str) -> ast.expr:
        """An expression with a tap around it, unless it only names something."""
        if isinstance(node, (ast.Constant, ast.Starred)):
            return node
        if only_names(node):
            return self.call("name", self.site(node, target, kind), node)
        site = self.site(node, target, kind)
        return self.call("value", site, self._value(node, target, None))

    def _value(self, node: ast.expr, target: str, stored: ast.expr | None) -> ast.expr:
        """A value to be assigned; where it changes what was there by adding to it, what is added is seen."""
        if isinstance(node, ast.BinOp) and grows(node, stored):
            sign = 1 if isinstance(node.op, ast.Add) else -1
            right = node.right
            node.left = self.visit(node.left)
            node.right = self._increment(right, right, target, sign)
            return node
        visited: ast.expr = self.visit(node)
        return visited

    def _increment(self, value: ast.expr, node: ast.AST, target: str, sign: int) -> ast.expr:
        site = self.site(node, target, "increment", sign)
        found = rate(copy.deepcopy(value))
        arguments = [site, self.visit(value)]
        return self.call("increment", *arguments, *([found] if found is not None else []))
