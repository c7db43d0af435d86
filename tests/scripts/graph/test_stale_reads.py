"""Lines that read parameters after their update."""

from __future__ import annotations

from pathlib import Path

from gradcheck.verdicts.verdict import Verdict
from tests.scripts.planted import analysed, checked
from tests.scripts.samples import TWO_LAYERS, line_of

STALE = TWO_LAYERS.replace("    W2 -= lr * dW2\n", "").replace("    dh =", "    W2 -= lr * dW2\n    dh =")


def test_a_line_after_the_update_is_found(tmp_path: Path) -> None:
    (read,) = analysed(tmp_path, STALE).stale
    assert read.node.location.line == line_of(STALE, "dh =")
    assert read.names == ("W1", "b1")
    finding = read.finding()
    assert (finding.slug, finding.blocks) == ("stale-weights", ("W1", "b1"))


def test_an_update_at_the_end_is_not(tmp_path: Path) -> None:
    assert analysed(tmp_path, TWO_LAYERS).stale == ()


def test_an_updated_parameter_that_no_gradient_reads_is_not(tmp_path: Path) -> None:
    text = TWO_LAYERS.replace("    W2 -= lr * dW2\n", "").replace("    dz =", "    W2 -= lr * dW2\n    dz =")
    assert analysed(tmp_path, text).stale == ()


#: Layers in lists; the forward and the backward pass call one function for products.
_LISTS = """\
import math
import random

random.seed(4)


def product(v, w):
    return sum(a * b for a, b in zip(v, w))


def layer(rows, x):
    return [math.tanh(product(row, x)) for row in rows]


inner = [[random.random() for _ in range(3)] for _ in range(2)]
outer = [[random.random() for _ in range(2)] for _ in range(2)]
x, goal = [0.3, -0.7, 1.0], [0.2, -0.4]
for epoch in range(50):
    hidden = layer(inner, x)
    out = layer(outer, hidden)
    loss = sum((a - b) ** 2 for a, b in zip(out, goal)) / 2
    by_out = [(1 - a * a) * (a - b) for a, b in zip(out, goal)]
FIRST
    by_hidden = [(1 - h * h) * product(by_out, [row[i] for row in outer]) for i, h in enumerate(hidden)]
LAST
    for i, row in enumerate(inner):
        for j, value in enumerate(x):
            row[j] -= 0.5 * by_hidden[i] * value
"""

_UPDATE = """\
    for i, row in enumerate(outer):
        for j, value in enumerate(hidden):
            row[j] -= 0.5 * by_out[i] * value"""


def test_a_function_of_both_passes_is_not_the_line_that_reads_too_late(tmp_path: Path) -> None:
    text = _LISTS.replace("FIRST", _UPDATE).replace("LAST\n", "")
    report = checked(tmp_path, text)
    assert report.verdict is Verdict.FAIL, str(report)
    assert [finding.code for finding in report.findings] == ["GC308"]
    assert report.findings[0].line == 1 + text[: text.index("by_hidden =")].count("\n")
    assert set(report.findings[0].blocks) == {f"inner[{i}][{j}]" for i in range(2) for j in range(3)}


def test_an_update_behind_all_gradients_in_lists_is_right(tmp_path: Path) -> None:
    report = checked(tmp_path, _LISTS.replace("FIRST\n", "").replace("LAST", _UPDATE))
    assert report.verdict is Verdict.PASS, str(report)
