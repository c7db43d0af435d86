"""Compiles the body of a loop into a function of its local variables, so that one iteration can be run at any time."""

from __future__ import annotations

import ast
import types
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gradcheck.scripts.instrument.events import Kind, SourceLocation
from gradcheck.scripts.instrument.expressions import tracer_call
from gradcheck.scripts.instrument.locations import LocationTable
from gradcheck.scripts.instrument.statements import CompiledUnit, StatementInstrumenter
from gradcheck.scripts.text.syntax import copied
from gradcheck.scripts.text.training_loop import Loop

#: The name of the function that the body becomes.
_FUNCTION = "_gradcheck_step_"


@dataclass(frozen=True)
class LoopBody:
    """The body of a loop as a function.

    Attributes
    ----------
    function : function
        Returns its local variables.
    parameters : list of str
        The local variables that it takes.
    unit : CompiledUnit
    locations : list of SourceLocation
    statements : list of ast.stmt
        What was compiled.
    """

    function: types.FunctionType
    parameters: list[str]
    unit: CompiledUnit
    locations: list[SourceLocation]
    statements: list[ast.stmt]


@dataclass(frozen=True)
class RewrittenBody:
    """The body of a loop after a rewriting.

    Attributes
    ----------
    code : CodeType
    parameters : list of str
        The local variables that it takes.
    """

    code: types.CodeType
    parameters: list[str]

    def function(
        self, complete: Callable[[types.CodeType], types.CodeType], scope: dict[str, Any], cells: Mapping[str, Any]
    ) -> types.FunctionType:
        """The body with its code changed once more, for some globals and shared variables."""
        code = complete(self.code)
        return types.FunctionType(code, scope, _FUNCTION, None, tuple(cells[name] for name in code.co_freevars))


def compile_body(
    loop: Loop,
    scope: dict[str, Any],
    local_names: Iterable[str],
    first_location: int,
    *,
    node: Any = None,
    text: str | None = None,
    loss: ast.expr | None = None,
    cells: Mapping[str, types.CellType] | None = None,
) -> LoopBody:
    """Instrument and compile the body of a loop, or of a function.

    Parameters
    ----------
    loop : Loop
    scope : dict
        The module's variables, which become the globals of the function.
    local_names : iterable of str
        Local variables of the function around the loop.
    first_location : int
    node, text : ast node and str, optional
        The same loop in another version of its source.
    loss : ast.expr, optional
        Traced at the end of the body, as the loss.
    cells : dict of str to cell, optional
        Of local variables that other functions share. The body reads and writes them there.
    """
    node = copied(loop.node if node is None else node)
    cells = cells or {}
    assigned = _assigned(node)
    around = _around(loop)
    table = LocationTable(loop.file, loop.text if text is None else text, first_location, around, loop.class_name)
    body = StatementInstrumenter(table).visit_all(_as_function(node.body, around))
    if loss is not None:
        location = table.add(node, "loss", Kind.EXPRESSION)
        fresh = _at(node, loss)
        body.append(ast.Expr(tracer_call("value", location, fresh)))
    made = _compiled(loop, node, body, assigned, local_names, cells)
    unit = CompiledUnit(made.code, range(first_location, first_location + len(table.locations)))
    function = made.function(lambda code: code, scope, cells)
    return LoopBody(function, made.parameters, unit, table.locations, body)


def compile_statements(
    loop: Loop,
    statements: list[ast.stmt],
    local_names: Iterable[str],
    cells: Mapping[str, types.CellType],
) -> RewrittenBody:
    """Compile statements that were made of the body of a loop, in place of it."""
    return _compiled(loop, loop.node, statements, _assigned(loop.node), local_names, cells)


def compile_rewritten(
    loop: Loop,
    local_names: Iterable[str],
    rewrite: Callable[[list[ast.stmt]], list[ast.stmt]],
    *,
    loss: ast.expr | None = None,
    cells: Mapping[str, types.CellType] | None = None,
) -> RewrittenBody:
    """Compile the body of a loop, as it is written, after a rewriting of its statements.

    Parameters
    ----------
    loop : Loop
    local_names
        As for `compile_body`.
    rewrite : callable
        Rewrites the statements.
    loss : ast.expr, optional
        Evaluated at the end of the body.
    cells : dict of str to cell, optional
        As for `compile_body`.
    """
    node = copied(loop.node)
    assigned = _assigned(node)
    body = list(node.body)
    if loss is not None:
        body.append(ast.copy_location(ast.Expr(_at(node, loss)), node))
    statements = _as_function(rewrite(body), _around(loop))
    return _compiled(loop, node, statements, assigned, local_names, cells or {})


def _compiled(
    loop: Loop,
    node: Any,
    body: list[ast.stmt],
    assigned: set[str],
    local_names: Iterable[str],
    cells: Mapping[str, types.CellType],
) -> RewrittenBody:
    """A function of the local variables that runs a body once, and returns them."""
    around = _around(loop)
    declared = {n for f in around for s in ast.walk(f) if isinstance(s, ast.Global) for n in s.names}
    parameters = [n for n in local_names if n.isidentifier() and n not in declared and n not in cells]
    once = ast.For(ast.Name(f"{_FUNCTION}once", ast.Store()), ast.Tuple([ast.Constant(0)], ast.Load()), body, [])
    shared = sorted(assigned - set(parameters) if not around else declared & (assigned | declared))
    head: list[ast.stmt] = [ast.Global(shared)] if shared else []
    if cells:
        head.append(ast.Nonlocal(sorted(cells)))
    tail = ast.Return(ast.Call(ast.Name("locals", ast.Load()), [], []))
    wrapped, function = _wrapped(loop, parameters, sorted(cells))
    function.body = [*head, once, tail]
    for new in (once, tail, *head):
        ast.copy_location(new, node)
    code = _code_of(compile(ast.fix_missing_locations(wrapped), loop.file, "exec", dont_inherit=True))
    return RewrittenBody(code, parameters)


def _at(node: Any, loss: ast.expr) -> ast.expr:
    """A given loss as an expression that stands on the first line of the loop, with an event of its own for a name."""
    fresh = ast.BinOp(copied(loss), ast.Mult(), ast.Constant(1.0))
    for each in ast.walk(fresh):
        if isinstance(each, ast.expr):
            each.lineno = each.end_lineno = node.lineno
            each.col_offset, each.end_col_offset = node.col_offset, node.col_offset + 1
    return fresh


def _around(loop: Loop) -> list[Any]:
    """The functions around a loop, the outermost first."""
    return [f for f in loop.functions if isinstance(f, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda))]


def _wrapped(loop: Loop, parameters: Sequence[str], shared: Sequence[str]) -> tuple[ast.Module, ast.FunctionDef]:
    """A module with an empty function for the body: in a function with the shared variables, in the same class."""
    function: Any = ast.parse(f"def {_FUNCTION}({', '.join(parameters)}): pass", loop.file).body[0]
    outer: Any = function
    if shared:
        outer = ast.parse(f"def {_FUNCTION}shared({', '.join(shared)}): pass", loop.file).body[0]
        outer.body = [function]
    if loop.class_name:  # so that Python resolves the private names of the class
        class_: Any = ast.parse(f"class {loop.class_name}: pass", loop.file).body[0]
        class_.body = [outer]
        outer = class_
    return ast.Module([outer], []), function


def _code_of(code: types.CodeType) -> types.CodeType:
    """The code of the function that is the body, in the code of its module."""
    stack = [code]
    while stack:
        found = stack.pop()
        if found.co_name == _FUNCTION:
            return found
        stack += [c for c in found.co_consts if isinstance(c, types.CodeType)]
    raise LookupError(_FUNCTION)


class _AsFunction(ast.NodeTransformer):
    """Turns what a body can do only where it stands into calls of the tracer: to return, yield, await, call `super`."""

    def __init__(self, functions: Sequence[Any]) -> None:
        arguments = [f.args for f in functions if f.args.posonlyargs or f.args.args]
        first = [*arguments[-1].posonlyargs, *arguments[-1].args][0].arg if arguments else ""
        self._receiver = first

    def visit_Return(self, node: ast.Return) -> Any:
        value = [] if node.value is None else [self.visit(node.value)]
        return ast.copy_location(ast.Expr(tracer_call("leave", *value)), node)

    def visit_Yield(self, node: ast.Yield) -> Any:
        value = [] if node.value is None else [self.visit(node.value)]
        return ast.copy_location(tracer_call("yielded", *value), node)

    def visit_YieldFrom(self, node: ast.YieldFrom) -> Any:
        return ast.copy_location(tracer_call("yielded_from", self.visit(node.value)), node)

    def visit_Await(self, node: ast.Await) -> Any:
        return ast.copy_location(tracer_call("awaited", self.visit(node.value)), node)

    def visit_AsyncFor(self, node: ast.AsyncFor) -> Any:
        self.generic_visit(node)
        plain = ast.For(node.target, tracer_call("iterated", node.iter), node.body, node.orelse)
        return ast.copy_location(plain, node)

    def visit_AsyncWith(self, node: ast.AsyncWith) -> Any:
        self.generic_visit(node)
        for item in node.items:
            item.context_expr = tracer_call("entered", item.context_expr)
        return ast.copy_location(ast.With(node.items, node.body), node)

    def visit_comprehension(self, node: ast.comprehension) -> Any:
        self.generic_visit(node)
        if node.is_async:
            node.iter, node.is_async = tracer_call("iterated", node.iter), 0
        return node

    def visit_Call(self, node: ast.Call) -> Any:
        self.generic_visit(node)
        if isinstance(node.func, ast.Name) and node.func.id == "super" and not node.args and self._receiver:
            node.args = [ast.Name("__class__", ast.Load()), ast.Name(self._receiver, ast.Load())]
        return node

    def _unchanged(self, node: Any) -> Any:
        return node

    visit_FunctionDef = visit_AsyncFunctionDef = visit_Lambda = visit_ClassDef = _unchanged


def _as_function(body: Sequence[ast.stmt], functions: Sequence[Any]) -> list[ast.stmt]:
    transformer = _AsFunction(functions)
    return [ast.fix_missing_locations(transformer.visit(statement)) for statement in body]


def _assigned(loop: Any) -> set[str]:
    """Names that the body binds or deletes, without those that are bound in a scope inside it."""
    names: set[str] = set()
    stack: list[ast.AST] = list(loop.body)
    while stack:
        node = stack.pop()
        if isinstance(node, (ast.FunctionDef, ast.ClassDef, ast.AsyncFunctionDef)):
            names.add(node.name)
            continue
        if isinstance(node, ast.Lambda):
            continue
        if isinstance(node, (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)):
            names |= {n.target.id for n in ast.walk(node) if isinstance(n, ast.NamedExpr)}
            continue
        if isinstance(node, ast.Name) and isinstance(node.ctx, (ast.Store, ast.Del)):
            names.add(node.id)
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            names |= {(alias.asname or alias.name).split(".")[0] for alias in node.names}
        if isinstance(node, (ast.ExceptHandler, ast.MatchAs, ast.MatchStar)) and node.name:
            names.add(node.name)
        if isinstance(node, ast.MatchMapping) and node.rest:
            names.add(node.rest)
        stack += list(ast.iter_child_nodes(node))
    return names
