"""Rewrites expressions so that the values worth tracing pass through the tracer."""

from __future__ import annotations

import ast
import itertools
from dataclasses import dataclass
from typing import Any

from gradcheck.recording.casts import CONVERTING, NARROW, wide_type
from gradcheck.scripts.instrument.events import FactorSyntax, Kind
from gradcheck.scripts.instrument.locations import LocationTable
from gradcheck.scripts.instrument.loop_numbers import LoopNumbers
from gradcheck.scripts.instrument.tracer import TRACER
from gradcheck.scripts.text.statement import adds_to
from gradcheck.scripts.text.syntax import (
    ADDITIONS,
    PRODUCTS,
    STATISTICS,
    called_name,
    copied,
    displays,
    factors_of,
    fill_with_zeros,
    is_literal,
    is_product,
    is_reference,
    terms_of,
)

#: Keys under which the tracer keeps factors that must not be computed twice.
_KEYS = itertools.count()


def tracer_call(method: str, *arguments: ast.expr) -> ast.Call:
    """A call of a method of the tracer."""
    return ast.Call(ast.Attribute(ast.Name(TRACER, ast.Load()), method, ast.Load()), list(arguments), [])


@dataclass(frozen=True)
class _Product:
    """A product that is ready to be visited, with its factors.

    Attributes
    ----------
    node : ast.expr
    syntax : tuple of FactorSyntax
    values : list of ast.expr
        Expressions for the values of the factors, to be evaluated after the product.
    """

    node: ast.expr
    syntax: tuple[FactorSyntax, ...] = ()
    values: tuple[ast.expr, ...] = ()


class _Kept(ast.Call):
    """A factor that passes through the tracer, which keeps its value."""

    is_argument = False


def _with_factors(node: ast.expr) -> _Product:
    """A product, or a sum of products, with its factors. Those that compute something pass through the tracer."""
    terms = terms_of(node)
    if not all(map(is_product, terms)):
        return _Product(node)
    arguments = {id(a) for n in ast.walk(node) if isinstance(n, ast.Call) for a in n.args}
    kept: dict[int, ast.expr] = {}
    syntax, values = [], []
    for number, term in enumerate(terms):
        for factor, power in factors_of(term):
            literal = is_literal(factor)
            syntax.append(FactorSyntax(number, power, literal))
            if literal or (is_reference(factor) and not isinstance(factor, ast.Subscript)):
                values.append(copied(factor))
                continue
            key = ast.Constant(next(_KEYS))
            call = tracer_call("keep", key, factor)
            wrapper = ast.copy_location(_Kept(call.func, call.args, []), factor)
            wrapper.is_argument = id(factor) in arguments
            kept[id(factor)] = wrapper
            values.append(tracer_call("kept", key))
    return _Product(_Replacement(kept).visit(node), tuple(syntax), tuple(values))


class _Replacement(ast.NodeTransformer):
    """Puts other nodes in place of some."""

    def __init__(self, replaced: dict[int, ast.expr]) -> None:
        self._replaced = replaced

    def visit(self, node: ast.AST) -> Any:
        """The node, or the one in its place."""
        return self._replaced[id(node)] if id(node) in self._replaced else super().visit(node)


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
        if isinstance(node, _Kept):
            node.args[1] = self._argument(node.args[1], False) if node.is_argument else self.visit(node.args[1])
            return node
        if isinstance(node.func, ast.Attribute) and node.func.attr in STATISTICS:
            location = self._table.add(node, self._table.written(node), Kind.EXPRESSION)
            return tracer_call("value", location, self._call(node))
        if isinstance(node.func, ast.Name) and node.func.id == "set" and len(node.args) < 2 and not node.keywords:
            function, items = node.func, [self._argument(each, False) for each in node.args]
            return ast.copy_location(tracer_call("made_set", function, *items), node)
        if called_name(node) in ADDITIONS and len(node.args) > 1 and is_reference(node.args[0]):
            return self._addition(node)
        return self._call(node)

    def _addition(self, node: ast.Call) -> ast.Call:
        """``np.subtract(w, value)``, which may be an update of w."""
        first, target = copied(node.args[0]), self._table.written(node.args[0])
        location = self._table.add(node.args[1], target, Kind.INCREMENT, ADDITIONS[called_name(node)])
        node = self._call(node)
        node.args[1] = tracer_call("addend", location, first, node.args[1])
        return node

    def _call(self, node: ast.Call) -> ast.Call:
        fill_with_zeros(node)
        displayed = displays(node.func)
        self._widen(node)
        node.func = self.visit(node.func)
        node.args = [self._argument(a, displayed) for a in node.args]
        for keyword in node.keywords:
            keyword.value = self._argument(keyword.value, displayed)
        return node

    def _widen(self, node: ast.Call) -> None:
        """Let types that a call converts to pass through the tracer, which may put a wider one in their place."""
        name = called_name(node)
        if name in NARROW:
            node.func = self._type(node.func)
        elif name in CONVERTING:
            first = 0 if name == "astype" else 1
            node.args[first:] = [
                self._type(each) if name == "astype" or _is_narrow(each) else each for each in node.args[first:]
            ]
            for keyword in node.keywords:
                keyword.value = self._type(keyword.value) if keyword.arg == "dtype" else keyword.value

    def _type(self, node: ast.expr) -> ast.expr:
        location = self._table.add(node, self._table.written(node), Kind.EXPRESSION)
        return ast.copy_location(tracer_call("wide", location, node), node)

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
        items = ast.copy_location(ast.ListComp(_after(arrives, node.elt), node.generators), node)
        return _made_set(items, node)

    def visit_Set(self, node: ast.Set) -> Any:
        """``{a, b}``."""
        node.elts = [self.visit(each) for each in node.elts]
        return _made_set(ast.copy_location(ast.Tuple(node.elts, ast.Load()), node), node)

    def _arrives(self, node: Any) -> ast.expr | None:
        """The call at the start of each iteration of a comprehension; None if its elements call nothing."""
        elements = [node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt]
        calls = any(isinstance(n, ast.Call) for each in elements for n in ast.walk(each))
        if self._numbers is None or not calls:
            return None
        return self._numbers.arrives(self._numbers.add(copied(node)), node)

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
        if displayed and isinstance(node, ast.Attribute) and is_reference(node):
            return tracer_call("shown", self._table.add(node, self._table.written(node), Kind.SHOWN), node)
        visited: ast.expr = self.visit(node)
        return visited

    def traced(self, node: ast.expr, target: str, kind: Kind = Kind.EXPRESSION) -> ast.expr:
        """A traced expression; a mere reference only gets one more name."""
        if isinstance(node, (ast.Constant, ast.Starred)):
            return node
        if is_reference(node):
            return tracer_call("alias", self._table.add(node, target, kind), node)
        return self.value(node, node, target, None, kind)

    def value(
        self, node: ast.expr, where: ast.AST, target: str, stored: ast.expr | None, kind: Kind = Kind.ASSIGN
    ) -> ast.expr:
        """A traced value that gets a name, with the factors that it is a product of."""
        if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Add, ast.Sub)):
            location = self._table.add(where, target, kind)
            return tracer_call("value", location, self.assigned(node, target, stored))
        product = _with_factors(node)
        location = self._table.add(where, target, kind, factors=product.syntax)
        return tracer_call("value", location, self.visit(product.node), *product.values)

    def assigned(self, node: ast.expr, target: str, stored: ast.expr | None) -> ast.expr:
        """A value that is assigned; of an update ``w - rate * g``, the increment is traced as well."""
        if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Add, ast.Sub)):
            sign = 1 if isinstance(node.op, ast.Add) else -1
            right = node.right
            if adds_to(node, stored):
                node.left = self.visit(node.left)
                node.right = self.increment(right, right, target, sign)
                return node
            if _may_be_updated(node.left) or (sign > 0 and _may_be_updated(right)):
                return self._total(node, sign)
        visited: ast.expr = self.visit(node)
        return visited

    def _total(self, node: ast.BinOp, sign: int) -> ast.expr:
        """A sum or difference, which may be an update of one of its operands: the tracer sees that when it runs."""
        left, right = self._table.written(node.left), self._table.written(node.right)
        sides = []
        for operand, target in ((node.left, right), (node.right, left)):
            product = _with_factors(operand)
            of = sign if operand is node.right else 1
            location = self._table.add(operand, target, Kind.INCREMENT, of, product.syntax)
            sides.append((location, self.visit(product.node), ast.Tuple(list(product.values), ast.Load())))
        return tracer_call("total", *(part for side in sides for part in side))

    def increment(self, value: ast.expr, node: ast.AST, target: str, sign: int) -> ast.expr:
        """A traced increment, with the factors in it."""
        product = _with_factors(value)
        location = self._table.add(node, target, Kind.INCREMENT, sign, product.syntax)
        return tracer_call("increment", location, self.visit(product.node), *product.values)


def _made_set(items: ast.expr, node: ast.expr) -> ast.expr:
    """A call that gives a set of items in an order that does not depend on where they are in memory."""
    function = ast.Constant(None)
    return ast.copy_location(tracer_call("made_set", function, items), node)


def _is_narrow(node: ast.expr) -> bool:
    """Whether an argument is the name of a type of narrow floats."""
    if isinstance(node, ast.Constant):
        return isinstance(node.value, str) and wide_type(node.value) is not node.value
    return getattr(node, "attr", getattr(node, "id", "")) in NARROW


def _may_be_updated(node: ast.expr) -> bool:
    """Whether an expression may have the value of a variable: a name, an attribute, an item, or a call."""
    return isinstance(node, ast.Call) or (is_reference(node) and not isinstance(node, ast.Constant))
