"""Tells a margin, which decides whether a step updates anything, from a loss that has the wrong sign."""

from __future__ import annotations

import ast
import math
from collections.abc import Iterator

from gradcheck.scripts.analysis import Analysis
from gradcheck.scripts.graph.slopes import equal_slopes

_ORDERS = (ast.Lt, ast.LtE, ast.Gt, ast.GtE)


def hinge_of(analysis: Analysis) -> str:
    """The reason why nothing is decided if the number that was taken for the loss is a margin; empty if it is none.

    The updates follow minus its gradient, stand under a comparison of it with a constant, and are done where it is
    below that constant: they belong to ``max(0, constant - margin)``, which the program need not compute.
    """
    loss, step, common = analysis.loss, analysis.step, analysis.rated.common
    if common is None or not equal_slopes(common, -1.0):
        return ""
    value = float(analysis.base.value(loss).sum())
    places = [node.location for parameter in analysis.parameters for node in parameter.updates]
    lines = {place.line for place in places if place.file == step.loop.file}
    for branch, name, limit in _comparisons(step.loop.node):
        inside = set(range(branch.lineno, (branch.end_lineno or branch.lineno) + 1))
        if name in loss.names and value < limit and lines and lines <= inside:
            hinge = f"max(0, {limit:.6g} - {name})"
            return (
                f"{name} (line {loss.location.line}) decides on line {branch.lineno} what is updated, and the updates "
                f"are those of {hinge}: a margin is no loss. Give the loss with --loss EXPR, as in --loss {hinge!r}, "
                "with the penalty if there is one"
            )
    return ""


def _comparisons(loop: ast.AST) -> Iterator[tuple[ast.If, str, float]]:
    """The branches that depend on how a variable compares with a number: the branch, the variable, the number."""
    for node in ast.walk(loop):
        if isinstance(node, ast.If) and isinstance(node.test, ast.Compare) and len(node.test.ops) == 1:
            left, right = node.test.left, node.test.comparators[0]
            if isinstance(node.test.ops[0], _ORDERS):
                for one, other in ((left, right), (right, left)):
                    limit = _number(other)
                    if not math.isnan(limit):
                        yield node, ast.unparse(one), limit


def _number(node: ast.expr) -> float:
    """The number that an expression is; NaN if it is none."""
    try:
        return float(ast.literal_eval(node))
    except (ValueError, TypeError):
        return math.nan
