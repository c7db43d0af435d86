"""The line that is wrong is found, with what it has to be."""

from __future__ import annotations

import numpy as np
import pytest

from tests.recording.searched import PERCEPTRON, TWO_USES, W, X, Y, dz_of_perceptron, searched, text_of

TANH = np.tanh(X @ W)


@pytest.mark.parametrize(
    ("source", "right", "wrong", "factor", "needed"),
    [
        (PERCEPTRON, "dz = r * slope", "dz = r * slope * slope", None, dz_of_perceptron()),
        (PERCEPTRON, "dw = X.T @ dz", "dw = X.T @ (3.0 * dz)", 3.0, X.T @ dz_of_perceptron()),
        (PERCEPTRON, "dw = X.T @ dz", "dw = X.T @ dz * -0.5", -0.5, X.T @ dz_of_perceptron()),
        (TWO_USES, "da = one + y", "da = one * y", None, 2.0 * TANH + Y),
    ],
)
def test_the_wrong_line_is_found_with_what_it_has_to_be(
    source: str, right: str, wrong: str, factor: float | None, needed: np.ndarray
) -> None:
    blame = searched(source, right, wrong)
    (faulty,) = blame.lines()
    assert text_of(blame, faulty.unit) == wrong
    assert faulty.proved
    assert faulty.factor == (None if factor is None else pytest.approx(factor))
    np.testing.assert_allclose(faulty.needed, needed, rtol=1e-9)


def test_a_wrong_slope_is_found_where_it_is_made() -> None:
    blame = searched(PERCEPTRON, "1.0 - a * a", "1.0 - a")
    (faulty,) = blame.lines()
    assert text_of(blame, faulty.unit) == "slope = 1.0 - a"
    assert text_of(blame, faulty.user) == "dz = r * slope"


@pytest.mark.parametrize("source", [PERCEPTRON, TWO_USES])
def test_no_line_of_a_right_program_is_found(source: str) -> None:
    assert not searched(source).lines()
