"""Losses that a step does not compute, and could: in branches that it does not take, by objects and functions it has.

Which of them the updates follow, the data flow tells.
"""

from __future__ import annotations

import ast
import builtins
import inspect
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gradcheck.scripts.called_loss import CalledLoss
from gradcheck.scripts.replay.holders import is_own_function
from gradcheck.scripts.replay.step import Step
from gradcheck.scripts.text.syntax import called_name, is_reference

#: Statements that have variables of their own, and are not part of a step.
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_DEFINITIONS = (*_FUNCTIONS, ast.ClassDef, ast.Lambda)


@dataclass(frozen=True)
class StepLoss(CalledLoss):
    """A number that may be the loss.

    Attributes
    ----------
    text : str
        As an expression in the variables of the step.
    line : int
        Where it is, or else what it was found by.
    is_own : bool
        Whether the training loop itself computes it, in some of its iterations.
    """

    is_own: bool = False

    @property
    def shown(self) -> str:
        """As a program would write it."""
        return self.text.replace("__import__('numpy').", "np.")


def losses_of(step: Step, given: Sequence[CalledLoss]) -> list[StepLoss]:
    """Numbers that may be the loss, and can be computed at the end of a step.

    Parameters
    ----------
    step : Step
    given : sequence of CalledLoss
        Calls that the program has anywhere.
    """
    variables = {**step.scope, **step.locals}
    around = [each for each in step.loop.functions if isinstance(each, _FUNCTIONS)]
    found = [
        *_in_branches(step.loop.node.body),
        *(loss for function in around[-1:] for loss in _of_arguments(function, variables)),
        *_beside_derivatives(step.loop.node, variables),
        *(StepLoss(each.text, each.line) for each in given),
    ]
    known = {*variables, *vars(builtins), *_stored(step.loop.node)}
    training = _training(around, step.program.trees)
    first: dict[str, StepLoss] = {}
    for each in found:
        if _loaded(each.text) <= known and not _called(ast.parse(each.text)) & training:
            first.setdefault(each.text, each)
    return list(first.values())


def _in_branches(body: Sequence[ast.stmt]) -> Iterator[StepLoss]:
    """Values that conditional statements of a loop assign or print; what a branch assigns is put in their place."""
    for node in _statements(body):
        if isinstance(node, ast.If):
            for block in (node.body, node.orelse):
                known: dict[str, ast.expr] = {}
                for statement in block:
                    for value in _shown(statement):
                        inlined = _Inlined(known).visit(ast.parse(ast.unparse(value), mode="eval").body)
                        if not is_reference(inlined):
                            yield StepLoss(ast.unparse(inlined), statement.lineno, is_own=True)
                        if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
                            known[statement.targets[0].id] = inlined


def _statements(body: Sequence[ast.stmt]) -> Iterator[ast.AST]:
    stack: list[ast.AST] = list(reversed(body))
    while stack:
        node = stack.pop()
        if not isinstance(node, _DEFINITIONS):
            yield node
            stack += reversed(list(ast.iter_child_nodes(node)))


def _shown(statement: ast.stmt) -> Iterator[ast.expr]:
    """What a statement assigns to one variable, or what a call shows or stores."""
    if isinstance(statement, ast.Assign) and len(statement.targets) == 1 and isinstance(statement.targets[0], ast.Name):
        yield statement.value
    elif isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
        for argument in statement.value.args:
            parts = argument.values if isinstance(argument, ast.JoinedStr) else [argument]
            for part in parts:
                value = part.value if isinstance(part, ast.FormattedValue) else part
                if isinstance(value, (ast.Call, ast.BinOp)):
                    yield value


class _Inlined(ast.NodeTransformer):
    """Puts expressions in the place of names."""

    def __init__(self, known: Mapping[str, ast.expr]) -> None:
        self._known = known

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return self._known.get(node.id, node)


def _of_arguments(function: Any, variables: Mapping[str, Any]) -> Iterator[StepLoss]:
    """Calls of functions that the function around the loop was given, as a minimiser is given its objective."""
    arguments = function.args
    names = {each.arg for each in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)}
    for node in ast.walk(function):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in names:
            plain = node.args and not node.keywords and all(map(is_reference, node.args))
            if plain and callable(variables.get(node.func.id)):
                yield StepLoss(ast.unparse(node), node.lineno)


def _beside_derivatives(loop: ast.AST, variables: Mapping[str, Any]) -> Iterator[StepLoss]:
    """Other methods with the same arguments, of objects of which the loop calls a method."""
    for node in ast.walk(loop):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
            continue
        owner = node.func.value
        if not (is_reference(owner) and node.args and not node.keywords and all(map(is_reference, node.args))):
            continue
        for name in _siblings(_value(owner, variables), node.func.attr, len(node.args)):
            call = f"{ast.unparse(owner)}.{name}({', '.join(map(ast.unparse, node.args))})"
            yield StepLoss(call, node.lineno)
            yield StepLoss(f"__import__('numpy').sum({call})", node.lineno)  # of entries, one by one


def _siblings(value: Any, called: str, count: int) -> Iterator[str]:
    """Names of methods of the program's own that take as many arguments as one that is called."""
    for cls in type(value).__mro__:
        for name, method in vars(cls).items():
            if name == called or name.startswith("_") or not is_own_function(method):
                continue
            parameters = list(inspect.signature(method).parameters.values())[1:]
            if len(parameters) == count and all(each.kind is each.POSITIONAL_OR_KEYWORD for each in parameters):
                yield name


def _value(node: ast.expr, variables: Mapping[str, Any]) -> Any:
    """What a name or an attribute means; None if it has no value yet, or a property would have to run."""
    if isinstance(node, ast.Name):
        return variables.get(node.id)
    if isinstance(node, ast.Attribute):
        return inspect.getattr_static(_value(node.value, variables), node.attr, None)
    return None


def _loaded(text: str) -> set[str]:
    """The names that an expression needs."""
    nodes = [node for node in ast.walk(ast.parse(text, mode="eval")) if isinstance(node, ast.Name)]
    own = {node.id for node in nodes if isinstance(node.ctx, ast.Store)}
    return {node.id for node in nodes} - own


def _training(around: Sequence[Any], trees: Sequence[ast.Module]) -> set[str]:
    """The names of the functions around the loop, and of all that call one of them: they run the whole training."""
    functions = [node for tree in trees for node in ast.walk(tree) if isinstance(node, _FUNCTIONS)]
    calls = [(function.name, _called(function)) for function in functions]
    found = {function.name for function in around}
    while True:
        more = {name for name, called in calls if called & found} - found
        if not more:
            return found
        found |= more


def _called(tree: ast.AST) -> set[str]:
    """The names of functions and methods that are called."""
    return {called_name(node) for node in ast.walk(tree) if isinstance(node, ast.Call)}


def _stored(loop: ast.AST) -> set[str]:
    """The names that a loop assigns."""
    return {node.id for node in ast.walk(loop) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
