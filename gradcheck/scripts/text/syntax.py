"""Questions about pieces of a syntax tree: what they name, multiply, call and write into."""

from __future__ import annotations

import ast
from typing import Any

#: Functions whose result is traced where the call is an argument.
PRODUCTS = {"dot", "matmul", "einsum", "tensordot", "outer", "inner", "convolve", "concatenate", "hstack", "vstack"}

#: Functions that print or store their arguments.
DISPLAYS = {"print", "append", "write", "set_description", "set_postfix", "str", "repr", "format"}

#: Functions whose result is traced wherever the call is.
STATISTICS = {"mean", "var", "std"}

#: Functions without side effects: an index that only calls these may be evaluated a second time.
PURE = {"str", "len", "int", "range", "slice", "min", "max", "abs", "repr", "arange"}

#: NumPy functions that write into their first argument.
WRITERS = {"copyto", "put", "fill_diagonal", "put_along_axis", "place", "putmask"}

#: Functions that multiply or divide their two arguments, with the exponent of the second.
_MULTIPLICATIONS = {"multiply": 1, "dot": 1, "matmul": 1, "divide": -1, "true_divide": -1}

#: Functions that add or subtract their second argument, with its sign.
ADDITIONS = {"add": 1, "subtract": -1}


class SourceText:
    """Source text by syntax node. Its lines are split once, since there are many nodes.

    Parameters
    ----------
    text : str
    """

    def __init__(self, text: str) -> None:
        self._lines = [line.encode() for line in text.split("\n")]

    def segment(self, node: ast.AST) -> str:
        """The source of a node on one line; empty if it has no position in the source."""
        first, last = getattr(node, "lineno", None), getattr(node, "end_lineno", None)
        if first is None or last is None:
            return ""
        lines = self._lines[first - 1 : last]
        lines[-1] = lines[-1][: getattr(node, "end_col_offset", None)]
        lines[0] = lines[0][getattr(node, "col_offset", 0) :]
        return " ".join(b" ".join(lines).decode().split())

    def first_line(self, node: ast.AST) -> str:
        """The first line of the source of a node."""
        first, last = getattr(node, "lineno", 0), getattr(node, "end_lineno", 0)
        end = getattr(node, "end_col_offset", None) if first == last else None
        return " ".join(self._lines[first - 1][getattr(node, "col_offset", 0) : end].decode().split())


def appended_list(node: ast.expr) -> Any:
    """A copy of the list that a call appends to, if the list is written with names and attributes; else None."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "append":
        return copied(node.func.value) if is_reference(node.func.value) else None
    return None


def index_after_docstring(node: Any) -> int:
    """The index of a function's first statement after its docstring."""
    first = node.body[0]
    text = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str)
    return 1 if text else 0


def index_expression(node: ast.expr) -> ast.expr:
    """An index as an expression that is valid outside brackets: slices become calls of `slice`."""
    if isinstance(node, ast.Slice):
        ends = [end if end is not None else ast.Constant(None) for end in (node.lower, node.upper, node.step)]
        return ast.Call(ast.Name("slice", ast.Load()), ends, [])
    if isinstance(node, ast.Tuple):
        return ast.Tuple([index_expression(e) for e in node.elts], ast.Load())
    return node


def copied(node: Any) -> Any:
    """A copy of a tree, which has no node twice.

    What libraries attach to nodes is left out. Python shares nodes without fields, such as `ast.Load`, between all
    trees; `executing`, with which IPython shows tracebacks, gives each node its parent, and so these one in another
    tree.
    """
    kind: Any = type(node)
    names = (*node._fields, *node._attributes)
    if not names:
        return node
    new = kind.__new__(kind)
    for name in names:
        if not hasattr(node, name):
            continue
        value = getattr(node, name)
        if isinstance(value, ast.AST):
            value = copied(value)
        elif type(value) is list:
            value = [copied(each) if isinstance(each, ast.AST) else each for each in value]
        setattr(new, name, value)
    return new


def as_list(found: Any) -> list[Any]:
    """The result of a node transformer as a list."""
    return found if isinstance(found, list) else [found]


def as_load(node: ast.expr) -> ast.expr:
    """A copy of an assignment target that reads it."""
    fresh: ast.expr = copied(node)
    for n in ast.walk(fresh):
        if hasattr(n, "ctx"):
            n.ctx = ast.Load()
    return fresh


def subscript_targets(target: ast.expr) -> list[ast.Subscript]:
    """The items among the targets of an assignment."""
    if isinstance(target, ast.Subscript):
        return [target]
    if isinstance(target, (ast.Tuple, ast.List)):
        return [item for e in target.elts for item in subscript_targets(e)]
    return []


def private_name(name: str, class_name: str) -> str:
    """The name of an attribute as Python stores it: in a class, ``__w`` is a private name."""
    private = class_name.strip("_") and name.startswith("__") and not name.endswith("__")
    return f"_{class_name.lstrip('_')}{name}" if private else name


def is_reference(node: ast.expr) -> bool:
    """Whether an expression is a name, an attribute, an item or a constant, and computes nothing."""
    while isinstance(node, (ast.Attribute, ast.Subscript)):
        node = node.value
    return isinstance(node, (ast.Name, ast.Constant))


def called_name(node: ast.Call) -> str:
    """The name of the function or method that is called."""
    return getattr(node.func, "attr", getattr(node.func, "id", ""))


def fill_with_zeros(node: ast.Call) -> None:
    """Turn ``np.empty`` into ``np.zeros``: what happens to be in memory must not become a value of the step."""
    function = node.func
    if isinstance(function, ast.Attribute) and function.attr in ("empty", "empty_like") and _is_numpy(function.value):
        function.attr = function.attr.replace("empty", "zeros")


def _is_numpy(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id in ("np", "numpy")


def displays(function: ast.expr) -> bool:
    """Whether a function prints or stores its arguments."""
    return getattr(function, "attr", getattr(function, "id", "")) in DISPLAYS


def written_array(node: ast.expr) -> ast.expr | None:
    """The array that a call writes into: ``out=a``, ``np.add.at(a, …)``, ``a.fill(0)``; None if there is none."""
    if not isinstance(node, ast.Call):
        return None
    for keyword in node.keywords:
        if keyword.arg == "out":
            return keyword.value
    function = node.func
    if isinstance(function, ast.Attribute):
        if node.args and (function.attr in WRITERS or function.attr == "at"):
            return node.args[0] if is_reference(node.args[0]) else None
        if function.attr in {"fill", "sort"} and is_reference(function.value):
            return function.value
    return None


def reads(node: ast.AST, target: ast.AST) -> bool:
    """Whether an expression reads what an assignment target writes."""
    wanted = ast.unparse(target)
    return any(isinstance(n, type(target)) and ast.unparse(n) == wanted for n in ast.walk(node))


def factors_of(node: ast.expr, power: int = 1) -> list[tuple[ast.expr, int]]:
    """The factors of a product, with exponent 1 or -1; a minus sign is a factor of -1."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Mult, ast.Div, ast.MatMult)):
        below = -power if isinstance(node.op, ast.Div) else power
        return factors_of(node.left, power) + factors_of(node.right, below)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return [(ast.Constant(-1), 1), *factors_of(node.operand, power)]
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.UAdd):
        return factors_of(node.operand, power)
    if isinstance(node, ast.Call) and not node.keywords and called_name(node) in _MULTIPLICATIONS:
        below = power * _MULTIPLICATIONS[called_name(node)]
        if len(node.args) == 2:
            return factors_of(node.args[0], power) + factors_of(node.args[1], below)
        if len(node.args) == 1 and isinstance(node.func, ast.Attribute):
            return factors_of(node.func.value, power) + factors_of(node.args[0], below)
    return [(node, power)]


def terms_of(node: ast.expr) -> list[ast.expr]:
    """The terms of a sum or a difference, without their signs."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Add, ast.Sub)):
        return terms_of(node.left) + terms_of(node.right)
    return [node]


def is_product(node: ast.expr) -> bool:
    """Whether an expression is a product or a quotient."""
    return len(factors_of(node)) > 1


def is_literal(node: ast.expr) -> bool:
    """Whether an expression is a number, or one that is converted to a type: ``np.float32(0.1)``."""
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.USub, ast.UAdd)):
        return is_literal(node.operand)
    if isinstance(node, ast.Call) and called_name(node).startswith("float") and len(node.args) == 1:
        return not node.keywords and is_literal(node.args[0])
    return isinstance(node, ast.Constant) and isinstance(node.value, (int, float))
