"""Small edits of an expression in the author's own text, those that undo a common mistake first."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from gradcheck.recording.expression import ExpressionText, nodes_of

#: Functions that are taken for one another.
_CONFUSED = {"sin": "cos", "cos": "sin", "sum": "mean", "mean": "sum", "sinh": "cosh", "cosh": "sinh"}

#: Slopes of activations, by what they are computed from.
_SLOPES = ("(1 - {0} ** 2)", "{0} * (1 - {0})", "({0} > 0)")

#: Slopes with a function of NumPy, under the name that the file has for it.
_NUMPY_SLOPES = ("{numpy}.cos({0})", "{numpy}.exp({0})", "(1 - {numpy}.tanh({0}) ** 2)")


@dataclass(frozen=True)
class Edit:
    """An edit of an expression.

    Attributes
    ----------
    slug : str
        The mistake that it undoes; empty if none in particular.
    text : str
        The expression after it.
    """

    slug: str
    text: str


def edits(text: str, names: Sequence[str], numpy: str, *, wider: bool = False) -> Iterator[Edit]:
    """Edits of an expression, each once.

    Parameters
    ----------
    text : str
        Source of the expression, without indentation of its own.
    names : sequence of str
        Variables, attributes and items that the function reads.
    numpy : str
        The name of NumPy in the file; empty if it has none.
    wider : bool
        Whether the edits bring in other variables; if not, they change what stands there.
    """
    seen = {_normal(text)}
    if wider:
        names = [*names, *_indexed(text, names)]
    for edit in (_with_others if wider else _of_itself)(text, names, numpy):
        normal = _normal(edit.text)
        if normal and normal not in seen:
            seen.add(normal)
            yield edit


def _indexed(text: str, names: Sequence[str]) -> list[str]:
    """Items of variables, with the index that the expression uses for others."""
    try:
        source = ExpressionText(text, names)
    except (SyntaxError, ValueError):
        return []
    items = [n for n in ast.walk(source.tree) if isinstance(n, ast.Subscript) and not isinstance(n.slice, ast.Slice)]
    places = dict.fromkeys(source.of(n.slice) for n in items)
    plain = [name for name in names if "[" not in name]
    return [f"{name}[{place}]" for place in places for name in plain][: len(names)]


def with_constant(text: str, constant: float) -> tuple[str, str]:
    """The mistake that is undone by multiplying an expression with a constant, and the text after that.

    Of a product with the literal zero, the constant takes the place of the zero. The text is empty if the constant is
    no number that a person would write, or only another sign, which the edits of operators bring in.
    """
    if abs(constant + 1.0) < 1e-9:
        return "", ""
    number, divisor = _written(constant), _written(1.0 / constant)
    if not number and not divisor:
        return "", ""
    node = ast.parse(f"({text}\n)", mode="eval").body
    source = ExpressionText(text)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult) and number:
        for side in (node.left, node.right):
            if isinstance(side, ast.Constant) and type(side.value) in (int, float) and not side.value:
                return "regulariser-missing", source.with_(side, number)
    product = isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Mult, ast.Div, ast.MatMult))
    inner = text if product else source.inner(source.tree)
    if divisor and (not number or len(divisor) < len(number)):
        return "constant-factor" if divisor == "2" else "mean-sum", f"{inner} / {divisor}"
    return "constant-factor", f"{number} * {inner}"


def is_written(number: float) -> bool:
    """Whether a number, or one divided by it, is one that a person would write."""
    return bool(_written(number) or _written(1.0 / number))


def _written(number: float) -> str:
    """A number as a person writes it: with few digits; empty if it has many."""
    text = f"{number:.6g}"
    if abs(float(text) / number - 1.0) > 1e-9:
        return ""
    return str(int(float(text))) if float(text).is_integer() else text


def _normal(text: str) -> str:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SyntaxWarning)  # of an edit that makes no sense
        try:
            return ast.unparse(ast.parse(f"({text}\n)", mode="eval"))
        except (SyntaxError, ValueError):
            return ""


def _of_itself(text: str, names: Sequence[str], numpy: str) -> Iterator[Edit]:
    try:
        source = ExpressionText(text, names)
    except (SyntaxError, ValueError):
        return
    whole, nodes = source.inner(source.tree), nodes_of(source)
    for node in nodes:
        for slug, new in _slopes(source, node):
            yield Edit(slug, source.with_(node, new))
    for node in nodes:
        for slug, new in _operations(source, node):
            yield Edit(slug, source.with_(node, new))
    yield Edit("sign-flipped", f"-{whole}")
    for node in nodes:
        if isinstance(node, ast.Call) and id(node) in source.amounts and node is not source.tree:
            yield Edit("sign-flipped", source.with_(node, f"(-{source.of(node)})"))
    for node in nodes:
        for slug, new in _calls(source, node):
            yield Edit(slug, source.with_(node, new))
    yield Edit("constant-factor", f"2 * {whole}")
    yield Edit("constant-factor", f"{whole} / 2")
    for node in nodes:
        yield from _indices(source, node)
    for node in nodes:
        yield from _exchanged(source, node, nodes, ())


def _with_others(text: str, names: Sequence[str], numpy: str) -> Iterator[Edit]:
    try:
        source = ExpressionText(text, names)
    except (SyntaxError, ValueError):
        return
    whole, nodes = source.inner(source.tree), nodes_of(source)
    for name in names:
        for slope in _SLOPES:
            yield Edit("missing-activation-derivative", f"{whole} * {slope.format(name)}")
    for node in nodes:
        yield from _exchanged(source, node, nodes, names)
    for node in nodes:
        yield from _functions(source, node, numpy)
    for name in names:
        yield Edit("missing-path", f"{text} + {name}")
        yield Edit("", f"{whole} * {name}")
        yield Edit("mean-sum", f"{whole} / {name}")
        yield Edit("mean-sum", f"{whole} / len({name})")
    if numpy:
        for name in names:
            for slope in _NUMPY_SLOPES:
                yield Edit("missing-activation-derivative", f"{whole} * {slope.format(name, numpy=numpy)}")
    for name in names:
        yield Edit("missing-path", f"{text} - {name}")
        yield Edit("regulariser-missing", f"{text} + 2 * {name}")
    for part in _parts(source, nodes):
        for name in names:
            yield Edit("", source.with_(part, f"{source.inner(part)} * {name}"))


def _parts(source: ExpressionText, nodes: Sequence[ast.expr]) -> Iterator[ast.expr]:
    """What is given to functions, and what tuples, lists and dictionaries are made of."""
    for node in nodes:
        given: Sequence[ast.expr] = ()
        if isinstance(node, ast.Call):
            given = node.args
        elif isinstance(node, (ast.Tuple, ast.List)):
            given = node.elts
        elif isinstance(node, ast.Dict):
            given = node.values
        for each in given:
            if id(each) in source.amounts and not isinstance(each, (ast.Starred, ast.Constant)):
                yield each


def _functions(source: ExpressionText, node: ast.expr, numpy: str) -> Iterator[Edit]:
    """Slopes of a variable in place of the variable itself."""
    if isinstance(node, (ast.Name, ast.Attribute, ast.Subscript)) and isinstance(node.ctx, ast.Load):
        for slope in (*_SLOPES, *(_NUMPY_SLOPES if numpy else ())):
            new = slope.format(source.of(node), numpy=numpy)
            yield Edit("wrong-activation-derivative", source.with_(node, f"({new})"))


def _slopes(source: ExpressionText, node: ast.expr) -> Iterator[tuple[str, str]]:
    """Other derivatives of activations in place of one."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Sub, ast.Add)):
        one = isinstance(node.left, ast.Constant) and node.left.value == 1
        if one:
            right = node.right
            squared = isinstance(right, ast.BinOp) and isinstance(right.op, ast.Pow)
            inner = source.inner(right.left if squared and isinstance(right, ast.BinOp) else right)
            left = source.of(node.left)
            slug = "wrong-activation-derivative"
            yield slug, f"{left} - {inner}**2"
            yield slug, f"{left} - {inner}"
            yield slug, f"{inner} * ({left} - {inner})"
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult):
        before, after = node.left, node.right
        last = before.right if isinstance(before, ast.BinOp) else before
        from_one = (
            isinstance(after, ast.BinOp) and isinstance(after.op, ast.Sub) and isinstance(after.left, ast.Constant)
        )
        if isinstance(after, ast.BinOp) and from_one and source.of(last) == source.of(after.right):
            head = f"{source.inner(before.left)} * " if isinstance(before, ast.BinOp) else ""
            yield "wrong-activation-derivative", f"{head}(1 - {source.inner(after.right)}**2)"


def _operations(source: ExpressionText, node: ast.expr) -> Iterator[tuple[str, str]]:
    """One operand alone, other signs, and matrices transposed or exchanged."""
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        yield "sign-flipped", source.inner(node.operand)
        yield "missing-path", f"1 - {source.inner(node.operand)}"
    if isinstance(node, ast.BinOp):
        left, right = source.inner(node.left), source.inner(node.right)
        bare_left, bare_right = source.of(node.left), source.of(node.right)
        if isinstance(node.op, (ast.Mult, ast.Div)):
            yield "extra-activation-derivative" if isinstance(node.op, ast.Mult) else "mean-sum", bare_left
        if isinstance(node.op, ast.Mult):
            inner = node.left
            if isinstance(inner, ast.BinOp) and isinstance(inner.op, ast.Mult):
                yield "extra-activation-derivative", source.inner(inner.left)
            yield "extra-activation-derivative", bare_right
            yield "constant-factor", f"2 * {left} * {right}"
            yield "constant-factor", f"{left} * {right} / 2"
            yield "", f"{left} / {right}"
        if isinstance(node.op, ast.Div):
            yield "", f"{right} / {left}"
            yield "", f"{left} * {right}"
            yield "", f"{left} / {right}**2"
        if isinstance(node.op, ast.Sub) and id(node) in source.amounts:
            yield "sign-flipped", f"{bare_left} + {right}"
            yield "sign-flipped", f"{right} - {left}"
            yield "", bare_left
        if isinstance(node.op, ast.Add) and id(node) in source.amounts:
            yield "sign-flipped", f"{bare_left} - {right}"
            yield "", bare_left
        if isinstance(node.op, (ast.Add, ast.Sub)) and id(node) in source.amounts:
            symbol = "+" if isinstance(node.op, ast.Add) else "-"
            yield "constant-factor", f"{bare_left} {symbol} 2 * {right}"
            if not isinstance(node.left, ast.Constant):
                yield "constant-factor", f"2 * {left} {symbol} {right}"
        if isinstance(node.op, ast.Pow):
            yield "", left
            yield "constant-factor", f"2 * {left}"
        if isinstance(node.op, ast.MatMult):
            yield "transposed", f"{right} @ {left}"
    if isinstance(node, ast.Attribute) and node.attr == "T":
        yield "transposed", source.inner(node.value)
    if isinstance(node, (ast.Name, ast.Attribute, ast.Subscript)) and not (
        isinstance(node, ast.Attribute) and node.attr == "T"
    ):
        yield "transposed", f"{source.of(node)}.T"
        yield "", f"{source.of(node)}**2"
        if id(node) not in source.given:
            yield "sign-flipped", f"(-{source.of(node)})"
    number = node.value if isinstance(node, ast.Constant) else None
    if isinstance(number, (int, float)) and number and not isinstance(number, bool) and id(node) in source.amounts:
        for factor in (2, 0.5, -1):
            new = factor * number
            yield "constant-factor", repr(int(new) if isinstance(number, int) and float(new).is_integer() else new)
    elif type(number) is int:
        yield "shifted", str(number + 1)
        if number != 1 or id(node) not in source.summands:
            yield "shifted", str(number - 1)
    if isinstance(node, ast.Compare) and len(node.ops) == 1:
        opposite = {ast.Gt: "<", ast.Lt: ">", ast.GtE: "<=", ast.LtE: ">="}.get(type(node.ops[0]))
        if opposite:
            yield "", f"{source.of(node.left)} {opposite} {source.of(node.comparators[0])}"


def _calls(source: ExpressionText, node: ast.expr) -> Iterator[tuple[str, str]]:
    """Another function, arguments exchanged, and sums along another axis."""
    if not isinstance(node, ast.Call):
        return
    function = source.of(node.func)
    head, dot, name = function.rpartition(".")
    if name in _CONFUSED:
        start = len(function)
        yield "mean-sum" if name in ("sum", "mean") else "", f"{head}{dot}{_CONFUSED[name]}{source.of(node)[start:]}"
    if len(node.args) == 2 and not node.keywords:
        one, other = map(source.of, node.args)
        yield "transposed", f"{function}({other}, {one})"
    if len(node.args) == 3 and not node.keywords:
        one, two, three = map(source.of, node.args)
        yield "", f"{function}({one}, {three}, {two})"
    if len(node.args) == 1 and not node.keywords:
        yield "extra-activation-derivative", source.inner(node.args[0])
    for keyword in node.keywords:
        if keyword.arg == "axis" and isinstance(keyword.value, ast.Constant) and keyword.value.value in (0, 1):
            text, (start, _) = source.of(node), source.span(node)
            low, high = source.span(keyword.value)
            yield (
                "",
                text.encode()[: low - start].decode()
                + str(1 - keyword.value.value)
                + text.encode()[high - start :].decode(),
            )


def _indices(source: ExpressionText, node: ast.expr) -> Iterator[Edit]:
    """An index one higher or lower, and two of them exchanged."""
    if isinstance(node, ast.Subscript):
        items = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        for item in items:
            if isinstance(item, ast.BinOp) and isinstance(item.right, ast.Constant):
                yield Edit("shifted", source.with_(item, source.of(item.left)))
            if isinstance(item, (ast.Name, ast.BinOp)):
                yield Edit("shifted", source.with_(item, f"{source.of(item)} + 1"))
                yield Edit("shifted", source.with_(item, f"{source.of(item)} - 1"))
            if isinstance(item, ast.Slice) and isinstance(item.step, ast.UnaryOp):
                yield Edit("reversed-axis", source.with_(item, ":"))
        if len(items) == 2:
            one, other = map(source.of, items)
            yield Edit("transposed", source.with_(node, f"{source.of(node.value)}[{other}, {one}]"))
        if len(items) == 3:
            one, two, three = map(source.of, items)
            yield Edit("transposed", source.with_(node, f"{source.of(node.value)}[{one}, {three}, {two}]"))


def _exchanged(
    source: ExpressionText, node: ast.expr, nodes: Sequence[ast.expr], names: Sequence[str]
) -> Iterator[Edit]:
    """Another variable in place of one, and one more factor inside of a product."""
    if isinstance(node, (ast.Name, ast.Attribute, ast.Subscript)) and isinstance(node.ctx, ast.Load):
        inside = [
            source.of(n) for n in nodes if isinstance(n, (ast.Name, ast.Attribute, ast.Subscript)) and n is not node
        ]
        for name in dict.fromkeys([*inside, *names]):
            if name != source.of(node):
                yield Edit("", source.with_(node, name))
    if type(getattr(node, "value", None)) is int and id(node) in source.amounts:
        for name in names:
            yield Edit("mean-sum", source.with_(node, f"len({name})"))
    if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.MatMult, ast.Mult)):
        for name in names:
            yield Edit("", source.with_(node.left, f"({source.inner(node.left)} * {name})"))
    if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Add, ast.Sub)):
        for name in names:
            yield Edit("", source.with_(node.right, f"{source.inner(node.right)} * {name}"))


def items_with_indices(texts: Sequence[str], names: Sequence[str]) -> list[str]:
    """Items and slices of variables, with the indices that some expressions use."""
    places: dict[str, None] = {}
    for text in texts:
        try:
            source = ExpressionText(text, names)
        except (SyntaxError, ValueError):
            continue
        places |= {source.of(n.slice): None for n in ast.walk(source.tree) if isinstance(n, ast.Subscript)}
    plain = [name for name in names if "[" not in name]
    return [text for place in places for name in plain if (text := f"{name}[{place}]") not in names][: len(names)]
