"""What wrong values are in place of the derivatives that they have to be, as formulas tell."""

from __future__ import annotations

import numpy as np
import pytest

from gradcheck.recording.backward_values import Rank
from gradcheck.recording.remedies import Faulty
from tests.recording.searched import PERCEPTRON, SOFTMAX, TWO_USES, W, X, Y, named, searched, unit_of

#: Of p by X w, times what comes in: all of it, its diagonal, and with the sum of all exponentials held constant.
WHOLE, DIAGONAL, HELD = "p * (d - np.sum(p * d))", "p * (1.0 - p) * d", "p * d"

#: A penalty on the weights.
PENALTY = PERCEPTRON.replace("np.sum(r * r)", "np.sum(r * r) + 0.1 * np.sum(w * w)").replace(
    "X.T @ dz", "X.T @ dz + 0.2 * w"
)


@pytest.mark.parametrize("wrong", [WHOLE, DIAGONAL, HELD])
def test_parts_of_a_jacobian_are_told_apart(wrong: str) -> None:
    blame = searched(SOFTMAX, f"dz = {WHOLE}", f"dz = {wrong}")
    dz, z, s = named(blame, "dz"), named(blame, "z", phase=0), named(blame, "s", phase=0)
    assert blame.evidence.is_diagonal(dz, z.id) is (wrong == DIAGONAL)
    assert blame.evidence.held_constant(dz, z.id) == ([s.id] if wrong == HELD else [])


def test_a_function_on_the_way_has_a_slope_and_a_difference_has_none() -> None:
    blame = searched(PERCEPTRON)
    z, a, r = (named(blame, name, phase=0).id for name in "zar")
    assert blame.evidence.has_slope(a, z)
    assert blame.evidence.has_slope(r, z)
    assert not blame.evidence.has_slope(r, a)
    assert not blame.evidence.has_slope(z, a)  # it is not made of it


def test_a_derivative_in_place_of_another_one_is_seen() -> None:
    blame = searched(TWO_USES, "X.T @ dz", "X.T @ da")
    a, z = (named(blame, name, phase=0).id for name in "az")
    tanh = np.tanh(X @ W)
    needed = X.T @ ((2.0 * tanh + Y) * (1.0 - tanh**2))
    assert blame.evidence.taken_for(named(blame, "dw"), needed) == (a, z)
    assert blame.evidence.taken_for(named(blame, "dw"), 2.0 * needed) is None


@pytest.mark.parametrize(("written", "right", "found"), [("0.5 * w", 0.2, (0, 2.5)), ("0.5 * w**2", 0.2, None)])
def test_a_penalty_that_is_off_by_a_constant_is_known(
    written: str, right: float, found: tuple[int, float] | None
) -> None:
    blame = searched(PENALTY, "0.2 * w", written)
    dw = named(blame, "dw")
    term = blame.recording.graph.values[dw.inputs[1]]
    unit = unit_of(blame, dw)
    faulty = Faulty(unit, term.id, right * W, None, (0,), None, Rank.NOTHING, unit, proved=False)
    penalty = blame.evidence.penalty_of(faulty)
    assert (penalty is None) is (found is None)
    if penalty is not None and found is not None:
        assert penalty[0] == found[0]
        assert penalty[1] == pytest.approx(found[1])
