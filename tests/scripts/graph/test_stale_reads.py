"""Lines that read parameters after their update."""

from __future__ import annotations

from pathlib import Path

from tests.scripts.planted import analysed
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
