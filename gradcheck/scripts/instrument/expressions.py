"""Rewrites expressions so that the values worth tracing pass through the tracer."""

from __future__ import annotations

import ast
import copy
from typing import Any

from gradcheck.scripts.instrument.events import Kind
from gradcheck.scripts.instrument.locations import LocationTable
from gradcheck.scripts.instrument.loop_numbers import LoopNumbers
from gradcheck.scripts.instrument.tracer import TRACER
from gradcheck.scripts.text.statement import is_update
from gradcheck.scripts.text.syntax import (
    PRODUCTS,
    STATISTICS,
    called_name,
    displays,
    fill_with_zeros,
    is_reference,
    learning_rate,
)


def tracer_call(method: str, *arguments: ast.expr) -> ast.Call:
    """A call of a method of the tracer."""
    return ast.Call(ast.Attribute(ast.Name(TRACER, ast.Load()), method, ast.Load()), list(arguments), [])


def _after(first: ast.expr | None, value: ast.expr) -> ast.expr:
    """A value that is computed after something else."""
    if first is None:
        return value
    both = ast.Tuple([first, value], ast.Load())
    return ast.copy_location(ast.Subscript(both, ast.Constant(1), ast.Load()), value)


class ExpressionInstrumenter(ast.NodeTransformer):
    """Rewrites expressions: arguments that are computed on the spot, elements, what is returned.

    Parameters
    ----------
    table : LocationTable
        Gets the locations.
    numbers : LoopNumbers, optional
        Gets the comprehensions.
    """

    def __init__(self, table: LocationTable, numbers: LoopNumbers | None = None) -> None:
        self._table, self._numbers = table, numbers

    def visit_Call(self, node: ast.Call) -> Any:
        """Trace arguments that are computed on the spot, and statistics."""
        if isinstance(node.func, ast.Attribute) and node.func.attr in STATISTICS:
            location = self._table.add(node, self._table.written(node), Kind.EXPRESSION)
            return tracer_call("value", location, self._call(node))
        return self._call(node)

    def _call(self, node: ast.Call) -> ast.Call:
        fill_with_zeros(node)
        node.func = self.visit(node.func)
        displayed = displays(node.func)
        node.args = [self._argument(a, displayed) for a in node.args]
        for keyword in node.keywords:
            keyword.value = self._argument(keyword.value, displayed)
        return node

    def visit_Lambda(self, node: ast.Lambda) -> Any:
        """Trace inside the body; the result itself is traced where it is used."""
        with self._table.inside_function(node):
            node.body = self.visit(node.body)
        return node

    def visit_NamedExpr(self, node: ast.NamedExpr) -> Any:
        """``(a := value)``."""
        node.value = tracer_call("value", self._table.add(node, node.target.id), self.visit(node.value))
        return node

    def visit_FormattedValue(self, node: ast.FormattedValue) -> Any:
        """Trace numbers that are only printed."""
        node.value = self._argument(node.value, displayed=True)
        return node

    def visit_Dict(self, node: ast.Dict) -> Any:
        """``{"dW": value}``: the name of the value is its key."""
        for i, (key, value) in enumerate(zip(node.keys, node.values, strict=True)):
            name = key.value if isinstance(key, ast.Constant) else None
            node.values[i] = self.traced(value, name if isinstance(name, str) else self._table.written(value))
        return node

    def _elements(self, node: Any) -> Any:
        if isinstance(getattr(node, "ctx", None), ast.Store):
            return node
        node.elts = [self.traced(e, self._table.written(e)) for e in node.elts]
        return node

    visit_List = visit_Tuple = _elements

    def _comprehension(self, node: Any) -> Any:
        written = self._table.written(node.elt)
        arrives = self._arrives(node)
        node.generators = [self.visit(g) for g in node.generators]
        node.elt = _after(arrives, self.traced(node.elt, written))
        return node

    visit_ListComp = visit_GeneratorExp = _comprehension

    def visit_SetComp(self, node: ast.SetComp) -> Any:
        """``{value for …}``."""
        arrives = self._arrives(node)
        self.generic_visit(node)
        node.elt = _after(arrives, node.elt)
        return node

    def _arrives(self, node: Any) -> ast.expr | None:
        """The call at the start of each iteration of a comprehension; None if it calls nothing."""
        if self._numbers is None or not any(isinstance(n, ast.Call) for n in ast.walk(node)):
            return None
        return self._numbers.arrives(self._numbers.add(copy.deepcopy(node)), node)

    def visit_DictComp(self, node: ast.DictComp) -> Any:
        """``{k: value for …}``."""
        arrives = self._arrives(node)
        node.generators = [self.visit(g) for g in node.generators]
        node.value = self.traced(node.value, self._table.written(node.value))
        node.key = _after(arrives, node.key)
        return node

    def visit_Subscript(self, node: ast.Subscript) -> Any:
        """Trace what is indexed; the index stays as it is."""
        node.value = self.visit(node.value)
        return node

    def _argument(self, node: ast.expr, displayed: bool) -> ast.expr:
        """An argument, traced if it is a computation; of a function that displays it, if it is any call."""
        negated = isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub)
        if isinstance(node, ast.UnaryOp) and negated and not (displayed and isinstance(node.operand, ast.Call)):
            node.operand = self._argument(node.operand, displayed)
            return node
        computed = isinstance(node, ast.BinOp) or (
            isinstance(node, ast.Call) and (displayed or called_name(node) in PRODUCTS)
        )
        if computed or negated:
            return self.traced(node, self._table.written(node))
        visited: ast.expr = self.visit(node)
        return visited

    def traced(self, node: ast.expr, target: str, kind: Kind = Kind.EXPRESSION) -> ast.expr:
        """A traced expression; a mere reference only gets one more name."""
        if isinstance(node, (ast.Constant, ast.Starred)):
            return node
        location = self._table.add(node, target, kind)
        if is_reference(node):
            return tracer_call("alias", location, node)
        return tracer_call("value", location, self.assigned(node, target, None))

    def assigned(self, node: ast.expr, target: str, stored: ast.expr | None) -> ast.expr:
        """A value that is assigned; of an update ``w - rate * g``, the increment is traced as well."""
        if isinstance(node, ast.BinOp) and is_update(node, stored):
            sign = 1 if isinstance(node.op, ast.Add) else -1
            right = node.right
            node.left = self.visit(node.left)
            node.right = self.increment(right, right, target, sign)
            return node
        visited: ast.expr = self.visit(node)
        return visited

    def increment(self, value: ast.expr, node: ast.AST, target: str, sign: int) -> ast.expr:
        """A traced increment, with the learning rate in it."""
        location = self._table.add(node, target, Kind.INCREMENT, sign)
        rate = learning_rate(copy.deepcopy(value))
        arguments = [location, self.visit(value)]
        return tracer_call("increment", *arguments, *([rate] if rate is not None else []))
