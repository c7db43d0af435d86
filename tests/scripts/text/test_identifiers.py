"""Names of derivatives and losses."""

from __future__ import annotations

import pytest

from gradcheck.scripts.text.identifiers import (
    NOT_A_LOSS,
    differentiated_names,
    is_plain,
    last_word,
    loss_rank,
    named_as_derivative,
)


@pytest.mark.parametrize(
    ("derivative", "variable"),
    [
        ("dW1", "W1"),
        ("grad_b", "b"),
        ("W_grad", "W"),
        ("grads['W1']", "params['W1']"),
        ("self.dW", "self.W"),
        ("dLdz", "z"),
        ("nabla_ws[0]", "weights.w"),
        ("h_delta", "h"),
    ],
)
def test_a_derivatives_name_refers_to_its_variable(derivative: str, variable: str) -> None:
    assert named_as_derivative([variable], [derivative])


@pytest.mark.parametrize(("other", "variable"), [("dW2", "W1"), ("W1", "W1"), ("np.dot(dW1, x)", "W1"), ("out", "W1")])
def test_another_name_does_not(other: str, variable: str) -> None:
    assert not named_as_derivative([variable], [other])


def test_a_derivative_may_not_say_with_respect_to_what() -> None:
    assert differentiated_names("upstream") == set()


def test_words_of_an_access_path() -> None:
    assert last_word("self.layers[0].grads['W1']") == "W1"
    assert last_word("weights[3]") == "weights"


def test_the_plain_name_of_a_loss_comes_first() -> None:
    ranks = [loss_rank([name]) for name in ("loss", "mse", "val_loss", "accuracy")]
    assert ranks == sorted(ranks)
    assert len(set(ranks[:3])) == 3
    assert ranks[3] == NOT_A_LOSS


@pytest.mark.parametrize("name", ["W", "self.W", "net.params['W1']", "h[5]", "W[0][1].T", "w[i + 1]"])
def test_variables_attributes_and_items_are_names(name: str) -> None:
    assert is_plain(name)


@pytest.mark.parametrize("text", ["W**2", "W*W", "-W", "np.square(W)", "a + b", "(W)[0] + 1", "1", "W[", ""])
def test_the_text_of_another_expression_is_not_a_name(text: str) -> None:
    assert not is_plain(text)
