"""Questions about pieces of a syntax tree: what they name, what they multiply, what they write into."""

from __future__ import annotations

import ast
import copy
import re
from typing import Any

#: Names of learning rates.
RATE = re.compile(
    r"(?i)^_?(((\w+_)?(lr|learn(ing)?_?rate|l_?rate)(_\w+)?)|lr_?t|alpha|eta|rate|step|step_?size|mu|gamma|epsilon|eps)\d*$"
)

#: Functions whose results are worth seeing where they stand as an argument.
PRODUCTS = {"dot", "matmul", "einsum", "tensordot", "outer", "inner", "convolve", "concatenate", "hstack", "vstack"}

#: Functions that print or keep what they are given.
SHOWS = {"print", "append", "write", "set_description", "set_postfix", "str", "repr", "format"}

#: Functions whose results are seen wherever they stand.
STATISTICS = {"mean", "var", "std"}

#: Functions without effects, which may be called once more to find an index again.
PURE = {"str", "len", "int", "range", "slice", "min", "max", "abs", "repr", "arange"}

#: Functions that write into their first argument.
WRITERS = {"copyto", "put", "fill_diagonal", "put_along_axis", "place", "putmask"}


class Written:
    """The pieces of a source as they are written; its lines are split once, for there are many pieces.

    Parameters
    ----------
    text : str
    """

    def __init__(self, text: str) -> None:
        self._lines = [line.encode() for line in text.split("\n")]

    def piece(self, node: ast.AST) -> str:
        """What a node stands for, in one line; nothing if it has no place in the source."""
        first, last = getattr(node, "lineno", None), getattr(node, "end_lineno", None)
        if first is None or last is None:
            return ""
        lines = self._lines[first - 1 : last]
        lines[-1] = lines[-1][: getattr(node, "end_col_offset", None)]
        lines[0] = lines[0][getattr(node, "col_offset", 0) :]
        return " ".join(b" ".join(lines).decode().split())

    def opening(self, node: ast.AST) -> str:
        """The first line of what a node stands for."""
        first, last = getattr(node, "lineno", 0), getattr(node, "end_lineno", 0)
        end = getattr(node, "end_col_offset", None) if first == last else None
        return " ".join(self._lines[first - 1][getattr(node, "col_offset", 0) : end].decode().split())


def appended_to(node: ast.expr) -> Any:
    """The list that a call appends a value to, if it is called by names and attributes."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "append":
        return copy.deepcopy(node.func.value) if only_names(node.func.value) else None
    return None


def after_docstring(node: Any) -> int:
    """Where the statements of a function begin, after its docstring."""
    first = node.body[0]
    text = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str)
    return 1 if text else 0


def as_key(node: ast.expr) -> ast.expr:
    """An index as an expression outside brackets: slices become calls."""
    if isinstance(node, ast.Slice):
        ends = [end if end is not None else ast.Constant(None) for end in (node.lower, node.upper, node.step)]
        return ast.Call(ast.Name("slice", ast.Load()), ends, [])
    if isinstance(node, ast.Tuple):
        return ast.Tuple([as_key(e) for e in node.elts], ast.Load())
    return node


def listed(found: Any) -> list[Any]:
    """What a transformer returned, as a list."""
    return found if isinstance(found, list) else [found]


def loaded(node: ast.expr) -> ast.expr:
    """A copy of a target, to be read."""
    fresh = copy.deepcopy(node)
    for n in ast.walk(fresh):
        if hasattr(n, "ctx"):
            n.ctx = ast.Load()
    return fresh


def items(target: ast.expr) -> list[ast.Subscript]:
    """The items among the targets of an assignment."""
    if isinstance(target, ast.Subscript):
        return [target]
    if isinstance(target, (ast.Tuple, ast.List)):
        return [item for e in target.elts for item in items(e)]
    return []


def only_names(node: ast.expr) -> bool:
    """Whether an expression only names something that is there."""
    while isinstance(node, (ast.Attribute, ast.Subscript)):
        node = node.value
    return isinstance(node, (ast.Name, ast.Constant))


def called(node: ast.Call) -> str:
    """The name of the function or method that is called."""
    return getattr(node.func, "attr", getattr(node.func, "id", ""))


def defined(node: ast.Call) -> None:
    """Have an array that is made without values made of zeros: what happens to be in memory is no value of a step."""
    function = node.func
    if isinstance(function, ast.Attribute) and function.attr in ("empty", "empty_like") and _numpy(function.value):
        function.attr = function.attr.replace("empty", "zeros")


def _numpy(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id in ("np", "numpy")


def shows(function: ast.expr) -> bool:
    """Whether a function prints or keeps what it is given."""
    return getattr(function, "attr", getattr(function, "id", "")) in SHOWS


def written_into(node: ast.expr) -> ast.expr | None:
    """The array that a call writes into, if it is one of those that do."""
    if not isinstance(node, ast.Call):
        return None
    for keyword in node.keywords:
        if keyword.arg == "out":
            return keyword.value
    function = node.func
    if isinstance(function, ast.Attribute):
        if node.args and (function.attr in WRITERS or function.attr == "at"):
            return node.args[0] if only_names(node.args[0]) else None
        if function.attr in {"fill", "sort"} and only_names(function.value):
            return function.value
    return None


def contains(node: ast.AST, target: ast.AST) -> bool:
    """Whether an expression reads what an assignment writes."""
    wanted = ast.unparse(target)
    return any(isinstance(n, type(target)) and ast.unparse(n) == wanted for n in ast.walk(node))


def factors(node: ast.expr, power: int = 1) -> list[tuple[ast.expr, int]]:
    """Factors of a product, with the exponents 1 and -1."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Mult, ast.Div, ast.MatMult)):
        below = -power if isinstance(node.op, ast.Div) else power
        return factors(node.left, power) + factors(node.right, below)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return factors(node.operand, power)
    return [(node, power)]


def rates(node: ast.expr) -> list[tuple[ast.expr, int]]:
    """The factors that are learning rates by their names."""
    found = []
    for factor, power in factors(node):
        last: Any = factor
        if isinstance(last, ast.Subscript) and isinstance(last.slice, ast.Constant):
            last = last.slice
        name = getattr(last, "attr", getattr(last, "id", getattr(last, "value", "")))
        if isinstance(name, str) and RATE.match(name):
            found.append((factor, power))
    return found


def _is_constant(node: ast.expr) -> bool:
    """Whether an expression is a number, perhaps with a type put around it: ``np.float32(0.1)``."""
    if isinstance(node, ast.Call) and called(node).startswith("float") and len(node.args) == 1 and not node.keywords:
        node = node.args[0]
    return isinstance(node, ast.Constant)


def _is_fraction(node: ast.expr) -> bool:
    """Whether an expression is a number between 0 and 1/2."""
    return isinstance(node, ast.Constant) and isinstance(node.value, float) and 0 < node.value < 0.5


def rate(node: ast.expr) -> ast.expr | None:
    """The learning rate in a product; without a name for it, a constant before something that only names a gradient.

    Or a fraction before anything else, for nobody begins a gradient with ``0.1 *``.
    """
    found = rates(node)
    each = factors(node)
    if not found and all(_is_constant(f) or only_names(f) for f, _ in each) and len(each) > 1:
        found = [(f, p) for f, p in each if _is_constant(f)]
    if not found and len(each) > 1 and _is_fraction(each[0][0]) and each[0][1] > 0:
        found = each[:1]
    product: ast.expr | None = None
    for factor, power in found:
        one = factor if power > 0 else ast.BinOp(ast.Constant(1.0), ast.Div(), factor)
        product = one if product is None else ast.BinOp(product, ast.Mult(), one)
    return product
