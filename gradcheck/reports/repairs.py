"""Repairs in the author's own text: one statement is replaced, and everything around it stays, line ends included."""

from __future__ import annotations

import ast
import difflib
import re
from collections.abc import Sequence

from gradcheck.diagnosis.finding import Finding

#: Ends of lines as Python counts lines.
_LINE_END = re.compile(r"(\r\n|\r|\n)")


def repaired(text: str, line: int, replacement: str) -> str | None:
    """Source with the statement on a line replaced.

    Parameters
    ----------
    text : str
        Python source.
    line : int
        From 1.
    replacement : str
        A statement, in one line.

    Returns
    -------
    str or None
        None if the source has no statement there that can be replaced, or is no Python afterwards.
    """
    try:
        node = _statement(ast.parse(text), line)
    except (SyntaxError, ValueError):
        return None
    if node is None or node.end_lineno is None or node.end_col_offset is None or not _is_like(node, replacement):
        return None
    pieces = _LINE_END.split(text)  # lines, each followed by its end
    first, last = 2 * (node.lineno - 1), 2 * (node.end_lineno - 1)
    before = pieces[first].encode()[: node.col_offset].decode()
    after = pieces[last].encode()[node.end_col_offset :].decode()
    changed = "".join([*pieces[:first], before + replacement + after, *pieces[last + 1 :]])
    try:
        ast.parse(changed)
    except (SyntaxError, ValueError):
        return None
    return changed if changed != text else None


def _is_like(node: ast.stmt, replacement: str) -> bool:
    """Whether a replacement is a statement of the same kind that assigns to the same."""
    try:
        (other,) = ast.parse(replacement).body
    except (SyntaxError, ValueError):
        return False
    return type(other) is type(node) and _targets(other) == _targets(node)


def _targets(node: ast.stmt) -> list[str]:
    targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
    return [ast.unparse(target) for target in targets if target is not None]


def repaired_by(text: str, findings: Sequence[Finding], file: str) -> str | None:
    """Source with the repair of the strongest finding about a file that has one; None if none has."""
    for finding in findings:
        if finding.replacement and finding.file == file and finding.line is not None:
            return repaired(text, finding.line, finding.replacement)
    return None


def diff_of(before: str, after: str, name: str) -> str:
    """A unified diff, with three lines around each change."""
    old, new = (_lines(text) for text in (before, after))
    return "\n".join(difflib.unified_diff(old, new, f"a/{name}", f"b/{name}", lineterm=""))


def _lines(text: str) -> list[str]:
    """The lines, without their ends."""
    pieces = _LINE_END.split(text)[::2]
    return pieces[:-1] if pieces[-1] == "" else pieces


def _statement(tree: ast.Module, line: int) -> ast.stmt | None:
    """The smallest statement with a value on a line."""
    found = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign | ast.AugAssign | ast.Return | ast.Expr)
        and node.value is not None
        and node.lineno <= line <= (node.end_lineno or node.lineno)
    ]
    return min(found, key=lambda node: (node.end_lineno or node.lineno) - node.lineno, default=None)
