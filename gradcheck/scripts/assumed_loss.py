"""Losses for a program that never computes one: those that a difference of two of its values may belong to.

A program that only subtracts what it wants from what it gets follows the gradient of half the sum of squares, or of a
cross-entropy, of these two. First all of these numbers are computed beside the program; which of them the updates
follow, the data flow tells. Then the program is checked with that one.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from gradcheck.scripts.text.source import Source
from gradcheck.scripts.text.syntax import called_name, is_reference

#: What the numbers are called in the rewritten program.
_NAME = "assumed_loss"

#: What the lists of their values are called, of which sums are taken.
_TERMS = "assumed_terms"

#: Differences that are looked at in one piece of source.
_MOST = 40

#: Products, as functions of NumPy and methods of arrays.
_PRODUCTS = ("dot", "matmul")

#: What has variables of its own.
_SCOPES = (ast.Lambda, ast.SetComp, ast.DictComp, ast.GeneratorExp)

#: The losses of a difference, as a program would write them: half its squares, and cross-entropies of two values of
#: which either may be the prediction.
_FORMS = (
    "0.5 * np.sum(np.square({0} - {1}))",
    "np.sum(-({0}) * np.log({1}) - (1 - ({0})) * np.log(1 - ({1})))",
    "np.sum(-({1}) * np.log({0}) - (1 - ({1})) * np.log(1 - ({0})))",
    "np.sum(-({0}) * np.log({1}))",
    "np.sum(-({1}) * np.log({0}))",
)


#: These as functions of the two values.
_FUNCTIONS: list[Callable[[Any, Any], Any]] = [eval(f"lambda a, b: {form.format('a', 'b')}") for form in _FORMS]


@dataclass(frozen=True)
class AssumedLoss:
    """One of these numbers.

    Attributes
    ----------
    file : str
    line, column : int
        Of the statement that contains the difference.
    text : str
        As a program would write it.
    factor : float
        What it is multiplied with.
    is_sum : bool
        Whether it is the sum over all times that the statement runs in one iteration.
    """

    file: str
    line: int
    column: int
    text: str
    factor: float = 1.0
    is_sum: bool = False

    @property
    def code(self) -> str:
        """As it is written into the program."""
        text = self.text.replace("np.", "__import__('numpy').")
        if not self.is_sum:
            return f"{_NAME} = {self.factor!r} * ({text}); "
        terms = f"globals().setdefault({_TERMS!r}, [])"
        return f"{terms}.append({text}); {_NAME} = {self.factor!r} * sum({_TERMS}); "

    @property
    def shown(self) -> str:
        """As it is said in a note."""
        scale = "" if self.factor == 1 else f"{self.factor:.6g} * "
        return f"{scale}{self.text}{', summed over the samples' if self.is_sum else ''}"


def with_candidates(source: Source) -> Source:
    """The source with all losses of all differences of two values, on the lines of these."""
    pieces = []
    helper = f"__import__({__name__!r}, fromlist=['']).value_of"
    for i, (line, column, one, other) in enumerate(_differences(source)):
        pair = f"{one}, {other}".replace("np.", "__import__('numpy').")
        named = (f"{_NAME}_{i}_{k} = {helper}({k}, {pair}); " for k in range(len(_FORMS)))
        pieces.append((line, column, "".join(named)))
    return _with_pieces(source, pieces)


class Sums:
    """The losses of differences, each summed over all times that its statement runs.

    Programs that `collecting` has rewritten leave the differences in an object of this class.
    """

    _current: Sums | None = None

    def __init__(self) -> None:
        self._places: list[tuple[Source, int]] = []
        self._found: dict[int, list[float]] = {}
        self._counts: Counter[int] = Counter()
        self._most: Counter[int] = Counter()
        Sums._current = self

    def collecting(self, source: Source) -> Source:
        """The source that collects all differences of two values, on the lines of these."""
        pieces = []
        for i, (line, column, one, other) in enumerate(_differences(source)):
            pair = f"{one}, {other}".replace("np.", "__import__('numpy').")
            helper = f"__import__({__name__!r}, fromlist=['']).Sums.collect"
            pieces.append((line, column, f"{helper}({len(self._places)}, {pair}); "))
            self._places.append((source, i))
        return _with_pieces(source, pieces)

    @staticmethod
    def collect(place: int, one: Any, other: Any) -> None:
        """Add the losses of a difference."""
        if Sums._current is not None:
            found = Sums._current._found
            values = [value_of(form, one, other) for form in range(len(_FORMS))]
            Sums._current._counts[place] += 1
            known = found.get(place, [0.0] * len(_FORMS))
            found[place] = [np.nan if v is None else s + v for s, v in zip(known, values, strict=True)]

    def clear(self) -> None:
        """Forget what was collected."""
        self._found, self._counts = {}, Counter()

    def read(self) -> np.ndarray[Any, np.dtype[np.float64]]:
        """What was collected since it was cleared."""
        self._most |= self._counts
        missing = [np.nan] * len(_FORMS)
        rows = [self._found.get(place, missing) for place in range(len(self._places))]
        return np.array(rows, dtype=float).ravel()

    def loss(self, k: int) -> AssumedLoss:
        """The one of a position among these numbers."""
        place = k // len(_FORMS)
        source, i = self._places[place]
        found = loss_of(source, [f"{_NAME}_{i}_{k % len(_FORMS)}"])
        assert found is not None
        return replace(found, is_sum=self._most[place] > 1)


def with_loss(loss: AssumedLoss) -> Callable[[Source], Source]:
    """What adds one loss to the source that it belongs to."""

    def add(source: Source) -> Source:
        own = [(loss.line, loss.column, loss.code)] if source.file == loss.file else []
        return _with_pieces(source, own)

    return add


def loss_of(source: Source, names: list[str]) -> AssumedLoss | None:
    """The number that one of some names was given to by `with_candidates`."""
    wanted = next((name for name in names if name.startswith(f"{_NAME}_")), None)
    if wanted is None:
        return None
    i, form = (int(part) for part in wanted.removeprefix(f"{_NAME}_").split("_"))
    line, column, one, other = _differences(source)[i]
    text = ast.unparse(ast.parse(_FORMS[form].format(f"({one})", f"({other})"), mode="eval"))
    return AssumedLoss(source.file, line, column, text)


def value_of(form: int, one: Any, other: Any) -> float | None:
    """A loss of two values, which need not be finite; None if they are not numbers that it is made of.

    What is infinite here may be finite elsewhere: runs of a step have to compute the same values.
    """
    if not (_is_number(one) and _is_number(other)) or np.shape(one) != np.shape(other):
        return None
    a, b = np.asarray(one, dtype=float), np.asarray(other, dtype=float)
    with np.errstate(all="ignore"):
        found = _FUNCTIONS[form](a, b)
    return float(found)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float, np.number)) or (isinstance(value, np.ndarray) and value.dtype.kind in "fiub")


def _differences(source: Source) -> list[tuple[int, int, str, str]]:
    """Where simple statements subtract one variable from another: line, column, and the two."""
    tree = source.tree()
    own = frozenset(node.name for node in tree.body if isinstance(node, ast.FunctionDef))
    found = ((statement.lineno, statement.col_offset, *pair) for statement, pair in _pairs(tree, own))
    return list(dict.fromkeys(found))[:_MOST]


def _pairs(tree: ast.AST, own: frozenset[str]) -> Iterator[tuple[ast.stmt, tuple[str, str]]]:
    for statement in ast.walk(tree):
        if isinstance(statement, (ast.Assign, ast.AnnAssign, ast.AugAssign, ast.Return, ast.Expr)):
            stack: list[tuple[ast.AST, str]] = [(statement, "{}")]
            while stack:
                node, inside = stack.pop()
                pair = _subtracted(node)
                if len(pair) == 2 and all(_is_plain(each, own) and not isinstance(each, ast.Constant) for each in pair):
                    yield statement, (inside.format(ast.unparse(pair[0])), inside.format(ast.unparse(pair[1])))
                if isinstance(node, ast.ListComp) and inside == "{}" and _can_repeat(node):
                    rest = ast.unparse(node).removeprefix(f"[{ast.unparse(node.elt)}")
                    stack.append((node.elt, f"np.array([{{}}{rest})"))
                elif not isinstance(node, (*_SCOPES, ast.ListComp)):
                    stack += [(child, inside) for child in ast.iter_child_nodes(node)]


def _subtracted(node: ast.AST) -> list[ast.expr]:
    """The two operands of a difference; empty for anything else."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Sub):
        return [node.left, node.right]
    if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "subtract":
        return node.args
    return []


def _is_plain(node: ast.expr, own: frozenset[str]) -> bool:
    """Whether an expression can be computed again: it is made of variables by arithmetic, products, own functions."""
    if isinstance(node, ast.BinOp):
        return _is_plain(node.left, own) and _is_plain(node.right, own)
    if isinstance(node, ast.UnaryOp):
        return _is_plain(node.operand, own)
    if isinstance(node, ast.Call):
        if isinstance(node.func, ast.Name):
            return node.func.id in own and not node.keywords and all(_is_plain(each, own) for each in node.args)
        owner = node.func.value if isinstance(node.func, ast.Attribute) else None
        product = called_name(node) in _PRODUCTS and not node.keywords
        return owner is not None and product and all(_is_plain(each, own) for each in [owner, *node.args])
    return is_reference(node)


def _can_repeat(node: ast.ListComp) -> bool:
    """Whether a list can be made again: of variables, or of pairs of them, and without conditions."""
    iterables = [generator.iter for generator in node.generators]
    parts = [part for each in iterables for part in (each.args if _pairs_up(each) else [each])]  # type: ignore[attr-defined]
    plain = not any(generator.ifs for generator in node.generators)
    return plain and "{" not in ast.unparse(node) and all(map(is_reference, parts))


def _pairs_up(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("zip", "enumerate")


def _with_pieces(source: Source, pieces: list[tuple[int, int, str]]) -> Source:
    lines = source.text.split("\n")
    for line, column, text in sorted(pieces, key=lambda piece: piece[:2], reverse=True):
        written = lines[line - 1].encode()
        lines[line - 1] = written[:column].decode() + text + written[column:].decode()
    return Source(source.file, "\n".join(lines)) if pieces else source
