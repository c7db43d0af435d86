"""Compiles the body of a loop into a function of its local variables, so that one iteration can be run at any time."""

from __future__ import annotations

import ast
import copy
import types
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from gradcheck.scripts.instrument.events import Kind, SourceLocation
from gradcheck.scripts.instrument.expressions import tracer_call
from gradcheck.scripts.instrument.locations import LocationTable
from gradcheck.scripts.instrument.statements import CompiledUnit, StatementInstrumenter
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
    """

    function: types.FunctionType
    parameters: list[str]
    unit: CompiledUnit
    locations: list[SourceLocation]


def compile_body(
    loop: Loop,
    scope: dict[str, Any],
    local_names: Iterable[str],
    first_location: int,
    *,
    node: Any = None,
    text: str | None = None,
    loss: ast.expr | None = None,
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
    """
    node = copy.deepcopy(loop.node if node is None else node)
    assigned = _assigned(node)
    table = LocationTable(loop.file, loop.text if text is None else text, first_location, loop.functions)
    body = StatementInstrumenter(table).visit_all(_without_returns(node.body))
    if loss is not None:
        location = table.add(node, "loss", Kind.EXPRESSION)
        fresh = ast.BinOp(copy.deepcopy(loss), ast.Mult(), ast.Constant(1.0))  # its own event, also of a mere name
        body.append(ast.Expr(tracer_call("value", location, fresh)))
    made, parameters = _compiled(loop, node, body, assigned, scope, local_names, lambda code: code)
    unit = CompiledUnit(made.__code__, range(first_location, first_location + len(table.locations)))
    return LoopBody(made, parameters, unit, table.locations)


def compile_rewritten(
    loop: Loop,
    scope: dict[str, Any],
    local_names: Iterable[str],
    rewrite: Callable[[list[ast.stmt]], list[ast.stmt]],
    complete: Callable[[types.CodeType], types.CodeType],
    loss: ast.expr | None = None,
) -> tuple[types.FunctionType, list[str]]:
    """Compile the body of a loop, as it is written, after a rewriting of its statements.

    Parameters
    ----------
    loop : Loop
    scope, local_names
        As for `compile_body`.
    rewrite : callable
        Rewrites the statements.
    complete : callable
        Changes the compiled code.
    loss : ast.expr, optional
        Evaluated at the end of the body.

    Returns
    -------
    function, list of str
        The body, and the local variables that it takes.
    """
    node = copy.deepcopy(loop.node)
    assigned = _assigned(node)
    body = list(node.body)
    if loss is not None:
        fresh = ast.BinOp(copy.deepcopy(loss), ast.Mult(), ast.Constant(1.0))
        body.append(ast.copy_location(ast.Expr(ast.copy_location(fresh, node)), node))
    return _compiled(loop, node, _without_returns(rewrite(body)), assigned, scope, local_names, complete)


def _compiled(
    loop: Loop,
    node: Any,
    body: list[ast.stmt],
    assigned: set[str],
    scope: dict[str, Any],
    local_names: Iterable[str],
    complete: Callable[[types.CodeType], types.CodeType],
) -> tuple[types.FunctionType, list[str]]:
    """A function of the local variables that runs a body once, and returns them."""
    declared = {n for f in loop.functions for s in ast.walk(f) if isinstance(s, ast.Global) for n in s.names}
    parameters = [name for name in local_names if name.isidentifier() and name not in declared]
    once = ast.For(ast.Name(f"{_FUNCTION}once", ast.Store()), ast.Tuple([ast.Constant(0)], ast.Load()), body, [])
    shared = sorted(assigned if not loop.functions else declared & (assigned | declared))
    head: list[ast.stmt] = [ast.Global(shared)] if shared else []
    tail = ast.Return(ast.Call(ast.Name("locals", ast.Load()), [], []))
    wrapped = ast.parse(f"def {_FUNCTION}({', '.join(parameters)}): pass", loop.file)
    function: Any = wrapped.body[0]
    function.body = [*head, once, tail]
    for new in (once, tail, *head):
        ast.copy_location(new, node)
    namespace: dict[str, Any] = {}
    code = compile(ast.fix_missing_locations(wrapped), loop.file, "exec", dont_inherit=True)
    exec(complete(code), scope, namespace)
    return namespace[_FUNCTION], parameters


class _Returns(ast.NodeTransformer):
    """Turns return statements of the body into calls of the tracer."""

    def visit_Return(self, node: ast.Return) -> Any:
        value = [] if node.value is None else [node.value]
        return ast.copy_location(ast.Expr(tracer_call("leave", *value)), node)

    def _unchanged(self, node: Any) -> Any:
        return node

    visit_FunctionDef = visit_AsyncFunctionDef = visit_Lambda = visit_ClassDef = _unchanged


def _without_returns(body: Sequence[ast.stmt]) -> list[ast.stmt]:
    return [_Returns().visit(statement) for statement in body]


def _assigned(loop: Any) -> set[str]:
    """Names that the body binds, without those that are bound in a scope inside it."""
    names: set[str] = set()
    stack: list[ast.AST] = list(loop.body)
    while stack:
        node = stack.pop()
        if isinstance(node, (ast.FunctionDef, ast.ClassDef, ast.AsyncFunctionDef)):
            names.add(node.name)
            continue
        if isinstance(node, (ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)):
            continue
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            names |= {(alias.asname or alias.name).split(".")[0] for alias in node.names}
        stack += list(ast.iter_child_nodes(node))
    return names
