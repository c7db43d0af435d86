"""Rewrites statements so that whatever a source assigns passes through the tracer. Nothing is written to disk."""

from __future__ import annotations

import ast
import types
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from gradcheck.errors import TargetError
from gradcheck.scripts.instrument.events import FactorSyntax, Kind, SourceLocation
from gradcheck.scripts.instrument.expressions import ExpressionInstrumenter, tracer_call
from gradcheck.scripts.instrument.locations import LocationTable
from gradcheck.scripts.instrument.loop_numbers import LoopNumbers
from gradcheck.scripts.instrument.tracer import TRACER
from gradcheck.scripts.text.source import Source
from gradcheck.scripts.text.syntax import (
    PURE,
    appended_list,
    as_list,
    as_load,
    called_name,
    copied,
    index_after_docstring,
    index_expression,
    is_literal,
    is_reference,
    private_name,
    subscript_targets,
    written_array,
)
from gradcheck.scripts.text.training_loop import Loop

#: Parameters of methods that are not values of the step.
_RECEIVERS = {"self", "cls"}

#: Methods that Python calls when a program ends.
_ENDINGS = {"__del__", "__exit__", "__aexit__"}

#: The name that keeps an index which cannot be evaluated a second time.
_INDEX = f"{TRACER}index"


@dataclass(frozen=True)
class CompiledUnit:
    """The code of a source, or of the body of a loop, and the indices of its locations."""

    code: types.CodeType
    locations: range


@dataclass(frozen=True)
class InstrumentedSource:
    """A rewritten source.

    Attributes
    ----------
    unit : CompiledUnit
    locations : list of SourceLocation
    loops : list of Loop
        Its loops and functions, as they are written.
    tree : ast.Module
        What was compiled.
    """

    unit: CompiledUnit
    locations: list[SourceLocation]
    loops: list[Loop]
    tree: ast.Module


def instrument(
    tree: ast.Module, source: Source, first_location: int, first_loop: int | None = None
) -> InstrumentedSource:
    """Rewrite and compile a source. Without `first_loop` its loops do not call the tracer when they begin."""
    rewritten, table, instrumenter = _rewritten(tree, source, first_location, first_loop)
    try:
        code = compile(rewritten, source.file, "exec", dont_inherit=True)
    except SyntaxError as error:  # such as a return or an await outside of functions
        raise TargetError(f"{source.file}, line {error.lineno}: {error.msg}") from None
    unit = CompiledUnit(code, range(first_location, first_location + len(table.locations)))
    return InstrumentedSource(unit, table.locations, instrumenter.loops, rewritten)


def instrumented_tree(source: Source, first_location: int, first_loop: int) -> ast.Module:
    """The tree that `instrument` compiles."""
    return _rewritten(source.tree(), source, first_location, first_loop)[0]


def _rewritten(
    tree: ast.Module, source: Source, first_location: int, first_loop: int | None
) -> tuple[ast.Module, LocationTable, StatementInstrumenter]:
    table = LocationTable(source.file, source.text, first_location)
    instrumenter = StatementInstrumenter(table, first_loop)
    return ast.fix_missing_locations(instrumenter.visit(tree)), table, instrumenter


class StatementInstrumenter(ast.NodeTransformer):
    """Rewrites statements; expressions are left to an `ExpressionInstrumenter`.

    Parameters
    ----------
    table : LocationTable
        Gets the locations.
    first_loop : int or None
        The number of the first loop; None if loops are not numbered.
    """

    def __init__(self, table: LocationTable, first_loop: int | None = None) -> None:
        self._table = table
        self._numbers = None if first_loop is None else LoopNumbers(table, first_loop)
        self._expressions = ExpressionInstrumenter(table, self._numbers)
        self._in_class = False

    @property
    def loops(self) -> list[Loop]:
        """The loops and functions that were met, as they are written."""
        return [] if self._numbers is None else self._numbers.loops

    def visit(self, node: ast.AST) -> Any:
        """Rewrite a node. Added statements get the position of the statement that they belong to."""
        if isinstance(node, ast.expr):
            return self._expressions.visit(node)
        if not isinstance(node, ast.stmt):
            return super().visit(node)
        with self._table.inside_statement(node):
            found = super().visit(node)
        for statement in as_list(found):
            if statement is not node:
                ast.copy_location(statement, node)
        return found

    def visit_all(self, statements: Sequence[ast.stmt]) -> list[ast.stmt]:
        """Rewrite a body of statements."""
        return [new for statement in statements for new in as_list(self.visit(statement))]

    # -- functions, classes and loops ----------------------------------------------------------------------------------

    def _function(self, node: Any) -> Any:
        outside, self._in_class = self._in_class, False
        original = copied(node)
        with self._table.inside_function(node):
            number = self._number(original)
            first = index_after_docstring(node)
            node.body = self.visit_all(node.body)
            arguments = (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)
            named = [self._named_argument(a) for a in arguments if a.arg not in _RECEIVERS]
            node.body[first:first] = [ast.copy_location(statement, node) for statement in named]
        self._in_class = outside
        if self._numbers is not None and number is not None:
            node.body.insert(first, self._numbers.arrival(number, node))
        if node.name in _ENDINGS:
            node.body.insert(first, ast.copy_location(ast.If(tracer_call("ends"), [ast.Return(None)], []), node))
        return node

    visit_FunctionDef = visit_AsyncFunctionDef = _function

    def _named_argument(self, argument: ast.arg) -> ast.stmt:
        """The argument's name is one more name of the value that is passed."""
        load = ast.Name(argument.arg, ast.Load())
        return ast.Expr(tracer_call("alias", self._table.add(argument, argument.arg, Kind.PARAMETER), load))

    def visit_ClassDef(self, node: ast.ClassDef) -> Any:
        """Rewrite methods; what the class itself assigns stays."""
        outside, self._in_class = self._in_class, True
        with self._table.inside_class(node.name):
            node.body = self.visit_all(node.body)
        self._in_class = outside
        return node

    def _loop(self, node: Any) -> Any:
        number = self._number(copied(node))
        self.generic_visit(node)
        if self._numbers is not None and number is not None:
            node.body.insert(0, self._numbers.arrival(number, node))
        return node

    visit_For = visit_While = visit_AsyncFor = _loop

    def _number(self, original: Any) -> int | None:
        """Keep a loop or a function as it is written; its number."""
        return None if self._numbers is None else self._numbers.add(original)

    def _try(self, node: Any) -> Any:
        """When the program or a run ends, no handler of the program runs."""
        self.generic_visit(node)
        for handler in node.handlers if isinstance(node, ast.Try) else ():
            handler.body.insert(0, _placed(ast.If(tracer_call("caught"), [ast.Raise()], []), handler))
        if node.finalbody:
            unless = ast.UnaryOp(ast.Not(), tracer_call("ends"))
            node.finalbody = [_placed(ast.If(unless, node.finalbody, []), node.finalbody[0])]
        return node

    visit_Try = visit_TryStar = _try

    # -- assignments ---------------------------------------------------------------------------------------------------

    def visit_Assign(self, node: ast.Assign) -> Any:
        """``a = b = value``."""
        if self._in_class:
            return node
        after: list[ast.stmt] = []
        before: list[ast.stmt] = []
        single = node.targets[0]
        value = node.value
        if len(node.targets) == 1 and isinstance(single, (ast.Tuple, ast.List)):
            node.value = self._unpacked(single, value)
        else:
            target = self._table.written(single)
            if all(isinstance(t, ast.Subscript) for t in node.targets):
                node.value = self._expressions.assigned(value, target, single)
            elif is_reference(value):
                node.value = tracer_call("alias", self._table.add(single, target), self.visit(value))
            else:
                node.value = self._expressions.value(value, single, target, single)
        for each in node.targets:
            for item in subscript_targets(each):
                kept, traced = self._item(item, augmented=False)
                before += kept
                after.append(traced)
        return [*before, node, *after]

    def visit_AnnAssign(self, node: ast.AnnAssign) -> Any:
        """``a: type = value`` is an assignment; ``a: type`` does nothing."""
        if self._in_class:
            return node
        plain: ast.stmt = ast.Pass() if node.value is None else ast.Assign([node.target], node.value)
        return self.visit(ast.copy_location(plain, node))

    def visit_AugAssign(self, node: ast.AugAssign) -> Any:
        """``a += value``: the increment, and the result."""
        if self._in_class:
            return node
        target = copied(node.target)
        written = self._table.written(target)
        scaled_by: list[tuple[ast.expr, FactorSyntax]] = []
        if isinstance(node.op, (ast.Add, ast.Sub)):
            sign = 1 if isinstance(node.op, ast.Add) else -1
            node.value = self._expressions.increment(node.value, node, written, sign)
        else:
            scaled_by = _factor(node)
            node.value = self.visit(node.value)
        before: list[ast.stmt] = []
        after: ast.stmt
        if isinstance(target, ast.Name):
            load = ast.Name(target.id, ast.Load())
            location = self._table.add(node, written, factors=tuple(syntax for _, syntax in scaled_by))
            call = tracer_call("updated", location, load, *(factor for factor, _ in scaled_by))
            after = ast.Assign([ast.Name(target.id, ast.Store())], call, lineno=node.lineno)
        elif isinstance(target, ast.Subscript):
            before, after = self._item(target, augmented=True)
            if before:
                assert isinstance(node.target, ast.Subscript)
                node.target.slice = ast.Name(_INDEX, ast.Load())
        else:
            after = self._attribute(node, written, target)
        return [*before, node, after]

    def _attribute(self, node: ast.AST, written: str, target: ast.Attribute) -> ast.stmt:
        """The call after an attribute was changed."""
        location = self._table.add(node, written)
        name = ast.Constant(private_name(target.attr, self._table.class_name))
        return ast.Expr(tracer_call("updated_attribute", location, as_load(target.value), name))

    def _item(self, target: ast.Subscript, *, augmented: bool) -> tuple[list[ast.stmt], ast.stmt]:
        """The call after an item was assigned; an index that may not be evaluated twice is kept before it."""
        before: list[ast.stmt] = []
        key: ast.expr = as_load(target.slice)
        if any(isinstance(n, ast.Call) and called_name(n) not in PURE for n in ast.walk(target.slice)):
            before = [ast.Assign([ast.Name(_INDEX, ast.Store())], key, lineno=target.lineno)]
            target.slice = ast.Name(_INDEX, ast.Load())
            key = ast.Name(_INDEX, ast.Load())
        location = self._table.add(target, self._table.written(target))
        container = as_load(target.value)
        call = tracer_call("updated_item", location, container, index_expression(key), ast.Constant(augmented))
        return before, ast.Expr(call)

    def _unpacked(self, target: ast.Tuple | ast.List, value: ast.expr) -> ast.expr:
        """``a, b = value``."""
        if any(isinstance(e, ast.Starred) for e in target.elts):
            visited: ast.expr = self.visit(value)
            return visited
        if isinstance(value, (ast.Tuple, ast.List)) and len(value.elts) == len(target.elts):
            traced = []
            for t, v in zip(target.elts, value.elts, strict=True):
                if isinstance(t, (ast.Tuple, ast.List)):
                    traced.append(self._unpacked(t, v))
                elif isinstance(t, ast.Subscript):
                    traced.append(self.visit(v))
                else:
                    written = self._table.written(t)
                    if is_reference(v):
                        traced.append(tracer_call("alias", self._table.add(t, written), self.visit(v)))
                    else:
                        traced.append(self._expressions.value(v, t, written, t))
            value.elts = traced
            return value
        return tracer_call("unpacked", self._locations(target), self.visit(value))

    def _locations(self, target: ast.expr) -> ast.expr:
        if isinstance(target, (ast.Tuple, ast.List)):
            return ast.Tuple([self._locations(e) for e in target.elts], ast.Load())
        if isinstance(target, ast.Subscript):
            return ast.Constant(None)
        return self._table.add(target, self._table.written(target))

    # -- other statements ----------------------------------------------------------------------------------------------

    def visit_Return(self, node: ast.Return) -> Any:
        """Trace what a function computes in its return statement."""
        if node.value is None:
            return node
        name = f"{self._table.function}()" if self._table.function else ""
        if isinstance(node.value, ast.Tuple):
            elements = node.value.elts
            node.value.elts = [self._expressions.traced(e, self._table.written(e), Kind.RETURN) for e in elements]
        else:
            node.value = self._expressions.traced(node.value, name or self._table.written(node.value), Kind.RETURN)
        return node

    def visit_Expr(self, node: ast.Expr) -> Any:
        """Trace calls that write into an array, and name what ``a.append(value)`` appends.

        A replay goes on after a call of a library that was kept from what it does, since nobody needs its value.
        """
        if not isinstance(node.value, ast.Call):
            node.value = self.visit(node.value)
            return node
        forgiven = _placed(ast.If(ast.UnaryOp(ast.Not(), tracer_call("forgives")), [ast.Raise()], []), node)
        handler = ast.ExceptHandler(ast.Name("Exception", ast.Load()), None, [forgiven])
        return ast.Try(self._call(node), [ast.copy_location(handler, node)], [], [])

    def _call(self, node: ast.Expr) -> list[ast.stmt]:
        """A statement that only calls something."""
        written, extended = written_array(node.value), appended_list(node.value)
        original = copied(written) if written is not None else None
        node.value = self.visit(node.value)
        after: list[ast.stmt]
        if extended is not None:
            call = tracer_call("appended", self._table.add(node, self._table.written(extended)), as_load(extended))
            after = [node, ast.Expr(call)]
        elif original is None:
            after = [node]
        elif isinstance(original, ast.Subscript):
            before, traced = self._item(original, augmented=True)
            after = [*before, node, traced]
        elif isinstance(original, ast.Attribute):
            after = [node, self._attribute(node, self._table.written(original), original)]
        else:
            location = self._table.add(node, self._table.written(original))
            after = [node, ast.Expr(tracer_call("updated", location, original))]
        return [_placed(statement, node) if statement is not node else node for statement in after]


def _factor(node: ast.AugAssign) -> list[tuple[ast.expr, FactorSyntax]]:
    """The factor of ``a *= factor`` or ``a /= factor``, if it can be evaluated once more."""
    powers = {ast.Mult: 1, ast.Div: -1}
    literal = is_literal(node.value)
    if type(node.op) not in powers or not (literal or is_reference(node.value)):
        return []
    return [(copied(node.value), FactorSyntax(0, powers[type(node.op)], literal))]


def _placed(statement: Any, node: ast.AST) -> Any:
    """A new statement where another one is."""
    return ast.copy_location(statement, node)
