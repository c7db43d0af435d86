"""Losses that a program computes before and after training alone: calls of its own functions.

Which of them the updates follow, the data flow tells; names only say which calls can be repeated in the step.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from gradcheck.scripts.text.source import Source
from gradcheck.scripts.text.syntax import is_reference


@dataclass(frozen=True)
class CalledLoss:
    """A call that may give the loss.

    Attributes
    ----------
    text : str
        The call, in variables of the program.
    line : int
        Where the function is called, or else where it is defined.
    """

    text: str
    line: int


def called_losses(sources: Sequence[Source]) -> list[CalledLoss]:
    """Calls of the program's own functions that may give one number, those that it makes first.

    A function that is called nowhere with variables is called with variables that have the names of its parameters, and
    a method of each object of which another one is called.

    Parameters
    ----------
    sources : sequence of Source
    """
    trees = [source.tree() for source in sources]
    functions = {each.name: each for tree in trees for each in _numeric(tree)}
    calls = [call for tree in trees for call in _calls(tree, functions)]
    calls += [CalledLoss(_on_its_parameters(each.name, each), each.lineno) for each in functions.values()]
    calls += [call for tree in trees for call in _of_objects(tree)]
    first: dict[str, CalledLoss] = {}
    for call in calls:
        first.setdefault(call.text, call)
    return list(first.values())


def _numeric(scope: ast.Module | ast.ClassDef) -> Iterator[ast.FunctionDef]:
    """The functions of a module or a class that return one value."""
    for function in scope.body:
        if isinstance(function, ast.FunctionDef):
            values = [node.value for node in ast.walk(function) if isinstance(node, ast.Return) and node.value]
            if values and not any(isinstance(value, (ast.Tuple, ast.List, ast.Dict)) for value in values):
                yield function


def _calls(tree: ast.Module, functions: dict[str, ast.FunctionDef]) -> Iterator[CalledLoss]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in functions:
            given = [*node.args, *(keyword.value for keyword in node.keywords)]
            if given and all(map(is_reference, given)):
                yield CalledLoss(ast.unparse(node), node.lineno)


def _of_objects(tree: ast.Module) -> Iterator[CalledLoss]:
    """Methods of the program's classes, for each object of which a method is called."""
    for scope in tree.body:
        if not isinstance(scope, ast.ClassDef):
            continue
        inside = scope.lineno, scope.end_lineno or scope.lineno
        own = {each.name for each in scope.body if isinstance(each, ast.FunctionDef)}
        objects = dict.fromkeys(
            ast.unparse(node.func.value)
            for node in ast.walk(tree)
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in own
            if is_reference(node.func.value) and not inside[0] <= node.lineno <= inside[1]
        )
        for method in _numeric(scope):
            if not method.name.startswith("__"):
                for each in objects:
                    yield CalledLoss(_on_its_parameters(f"{each}.{method.name}", method, skipped=1), method.lineno)


def _on_its_parameters(name: str, function: ast.FunctionDef, skipped: int = 0) -> str:
    arguments = function.args
    required = arguments.args[skipped : len(arguments.args) - len(arguments.defaults)]
    return f"{name}({', '.join(each.arg for each in required)})"
