"""The line that made what makes another one wrong."""

from __future__ import annotations

import numpy as np
import pytest

from gradcheck.recording.blame import Blame
from gradcheck.recording.sources import Sources
from tests.recording.searched import PERCEPTRON, TWO_USES, W, X, Y, dz_of_perceptron, named, searched, unit_of


def sources_of(blame: Blame) -> Sources:
    return Sources(blame.dataflow, blame.backward, blame.slopes, blame.operands)


@pytest.mark.parametrize(("slope", "is_source"), [("1.0 - a", True), ("1.0 - a * a", False)])
def test_a_wrong_slope_is_the_source_of_a_wrong_product(slope: str, is_source: bool) -> None:
    blame = searched(PERCEPTRON, "slope = 1.0 - a * a", f"slope = {slope}")
    dz = named(blame, "dz")
    source = sources_of(blame).source_of(dz, unit_of(blame, dz), dz_of_perceptron())
    assert (source.names if source is not None else []) == (["slope"] if is_source else [])


@pytest.mark.parametrize(("limit", "names"), [("99.0", ["t"]), ("0.1", None)])
def test_a_limit_leaves_what_lies_far_below_it_as_it_was(limit: str, names: list[str] | None) -> None:
    blame = searched(PERCEPTRON, "dw = X.T @ dz", f"t = 2.0 * dz; u = np.clip(t, -{limit}, {limit}); dw = X.T @ u")
    u = named(blame, "u")
    kept = sources_of(blame).left_as_it_was(u, unit_of(blame, u))
    assert (None if kept is None else kept.names) == names


@pytest.mark.parametrize(("factor", "names"), [(-1.0, ["dz"]), (2.0, [])])
def test_a_line_is_wrong_by_the_constant_of_what_it_reads_alone(factor: float, names: list[str]) -> None:
    blame = searched(PERCEPTRON, "dz = r * slope", f"dz = {factor} * r * slope")
    dw = named(blame, "dw")
    needed = X.T @ dz_of_perceptron()
    found = sources_of(blame).read_as_a_multiple(dw, unit_of(blame, dw), needed)
    assert ([] if found is None else found[0].names) == names
    if found is not None:
        np.testing.assert_allclose(found[2], dz_of_perceptron(), rtol=1e-12)
        assert found[3] == pytest.approx(factor)


@pytest.mark.parametrize(("written", "adds_up"), [("one + 0.0", True), ("one + 2.0 * y", False)])
def test_a_sum_of_contributions_may_lack_one_of_another_line(written: str, adds_up: bool) -> None:
    blame = searched(TWO_USES, "one + y", written)
    da, needed = named(blame, "da"), 2.0 * np.tanh(X @ W) + Y
    assert sources_of(blame).adds_up_parts(da, unit_of(blame, da), needed) is adds_up
