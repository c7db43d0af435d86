"""An expression in the author's own text, and the text of each of its parts."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from gradcheck.recording.sites import rows_of


class ExpressionText:
    """An expression with the text of each of its nodes.

    Attributes
    ----------
    text : str
    variables : set of str
    tree : ast.expr
    amounts : set of int
        Identities of the nodes that are no index, exponent or option.
    given : set of int
        Identities of the nodes that are given to functions with a plain name.
    summands : set of int
        Identities of the nodes that are added to others, or subtracted.
    """

    def __init__(self, text: str, variables: Sequence[str] = ()) -> None:
        self.text, self.variables = text, set(variables)
        self.tree = ast.parse(f"({text}\n)", mode="eval").body
        self._starts = [0]
        for line in rows_of(f"({text}\n)"):
            self._starts.append(self._starts[-1] + len(line.encode()))
        self._bytes = f"({text}\n)".encode()
        self.amounts = {id(node) for node in self._amounts(self.tree)}
        sums = (n for n in ast.walk(self.tree) if isinstance(n, ast.BinOp) and isinstance(n.op, (ast.Add, ast.Sub)))
        self.summands = {id(each.right) for each in sums}
        self.given = {
            id(each)
            for call in ast.walk(self.tree)
            if isinstance(call, ast.Call) and isinstance(call.func, ast.Name)
            for argument in call.args
            for each in ast.walk(argument)
        }

    def _amounts(self, node: ast.AST) -> Iterator[ast.AST]:
        """What is no index, exponent or option of a call."""
        yield node
        for name, inner in ast.iter_fields(node):
            if (isinstance(node, ast.Subscript) and name == "slice") or (isinstance(node, ast.Call) and name != "args"):
                continue
            if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow) and name == "right":
                continue
            for each in inner if isinstance(inner, list) else [inner]:
                if isinstance(each, ast.AST):
                    yield from self._amounts(each)

    def span(self, node: ast.expr) -> tuple[int, int]:
        """First byte of a node, and the first behind it, in the parenthesised text."""
        assert node.end_lineno is not None
        assert node.end_col_offset is not None
        return (
            self._starts[node.lineno - 1] + node.col_offset,
            self._starts[node.end_lineno - 1] + node.end_col_offset,
        )

    def of(self, node: ast.expr) -> str:
        """The text of a node."""
        start, end = self.span(node)
        return self._bytes[start:end].decode()

    def inner(self, node: ast.expr) -> str:
        """The text of a node, in parentheses where it needs them as an operand."""
        text = self.of(node)
        simple = isinstance(node, (ast.Name, ast.Attribute, ast.Subscript, ast.Call, ast.Constant))
        return text if simple else f"({text})"

    def with_(self, node: ast.expr, new: str) -> str:
        """The whole text with a node replaced."""
        return self.with_all([node], new)

    def with_all(self, nodes: Sequence[ast.expr], new: str) -> str:
        """The whole text with several nodes replaced, none of which is inside of another."""
        whole = self._bytes
        for start, end in sorted(map(self.span, nodes), reverse=True):
            whole = whole[:start] + new.encode() + whole[end:]
        return whole.decode()[1:-2]

    def within(self, node: ast.expr, inner: ast.expr, new: str) -> str:
        """The text of a node with one inside of it replaced."""
        (start, end), (low, high) = self.span(node), self.span(inner)
        return (self._bytes[start:low] + new.encode() + self._bytes[high:end]).decode()

    def without_parentheses(self, nodes: Sequence[ast.expr], new: str) -> str:
        """The same, where the parentheses right around these nodes go as well."""
        whole = self._bytes
        for start, end in sorted(map(self.span, nodes), reverse=True):
            around = (
                start > 1 and end < len(whole) - 2 and whole[start - 1 : start] == b"(" and whole[end : end + 1] == b")"
            )
            low, high = (start - 1, end + 1) if around else (start, end)
            whole = whole[:low] + new.encode() + whole[high:]
        return whole.decode()[1:-2]


def nodes_of(source: ExpressionText) -> list[ast.expr]:
    """All expressions inside, without the names of called functions and of the modules that these are in."""
    called: set[int] = set()
    for call in ast.walk(source.tree):
        if isinstance(call, ast.Call):
            function: ast.expr = call.func
            called.add(id(function))
            while isinstance(function, ast.Attribute):
                function = function.value
                if isinstance(function, (ast.Name, ast.Attribute)) and _is_module(source, function):
                    called.add(id(function))
    return [
        n for n in ast.walk(source.tree) if isinstance(n, ast.expr) and id(n) not in called and hasattr(n, "lineno")
    ]


def _is_module(source: ExpressionText, node: ast.expr) -> bool:
    """Whether a name stands only before dots, as that of a module does: an array would be read as well."""
    return source.of(node) not in source.variables
