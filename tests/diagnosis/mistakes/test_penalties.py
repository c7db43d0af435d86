"""The terms of both penalties, and where they do not exist or cannot be told apart."""

from __future__ import annotations

import numpy as np
import pytest

from gradcheck import nn
from gradcheck.diagnosis.context import Context
from gradcheck.diagnosis.mistakes.penalties import penalty_terms, with_strength
from gradcheck.subjects.convert import as_subject
from gradcheck.subjects.network import NetworkSubject
from tests.diagnosis.mistakes.cases import batch, network


def terms(x: list[float], sign: int = 1) -> dict[str, list[float]]:
    subject = as_subject(lambda x: float(np.sum(x)), np.ones_like, np.array(x))
    context = Context(subject, subject.point, (np.ones(len(x)),))
    return {term.detail: (term.sign * term.term).tolist() for term in penalty_terms(context, 0, sign)}


def test_they_are_the_derivatives_of_squares_and_absolute_values() -> None:
    assert terms([2.0, -3.0]) == {"λ w": [2.0, -3.0], "λ sign(w)": [1.0, -1.0]}
    assert terms([2.0, -3.0], -1) == {"λ w": [-2.0, 3.0], "λ sign(w)": [-1.0, 1.0]}


def test_entries_of_one_size_have_one_term_only() -> None:
    assert list(terms([2.0, -2.0])) == ["λ w"]


def test_a_block_of_zeros_has_none() -> None:
    assert terms([0.0, 0.0]) == {}


def test_a_layer_alone_has_none() -> None:
    """The penalty belongs to the loss of the whole network."""
    part = next(part for part in NetworkSubject(network(nn.Tanh()), batch(5)).parts() if part.place == "layers.0")
    context = Context(part, part.point, part.point)
    assert not list(penalty_terms(context, 1, 1))


@pytest.mark.parametrize(("strength", "shown"), [(0.3, "0.3"), (1.23456789e-5, "1.23457e-05")])
def test_the_strength_is_shown_with_six_digits(strength: float, shown: str) -> None:
    assert with_strength("what is wrong", "λ w", strength) == f"what is wrong: λ w with λ = {shown}"
