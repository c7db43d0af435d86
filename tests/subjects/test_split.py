"""A subject with a vector cut into pieces is the same loss and the same claim."""

from __future__ import annotations

import numpy as np

from gradcheck.nn.layer import Array
from gradcheck.subjects.convert import as_subject
from gradcheck.subjects.split import SplitSubject


def whole() -> SplitSubject:
    x0 = {"a": np.arange(2.0), "v": np.arange(7.0), "z": np.ones((2, 2))}

    def loss(p: dict[str, Array]) -> float:
        return float(p["a"].sum() + (np.arange(7) * p["v"] ** 2).sum() + p["z"].sum())

    def gradient(p: dict[str, Array]) -> dict[str, Array]:
        return {"a": np.ones(2), "v": 2 * np.arange(7) * p["v"], "z": np.ones((2, 2))}

    subject = as_subject(loss, gradient, x0)
    return SplitSubject(subject, [b.name for b in subject.blocks].index("v"), [0, 2, 6, 7])


def test_the_pieces_are_blocks_with_names_that_say_which() -> None:
    split = whole()
    assert [block.name for block in split.blocks] == ["a", "v[0:2]", "v[2:6]", "v[6:7]", "z"]
    assert [block.shape for block in split.blocks] == [(2,), (2,), (4,), (1,), (2, 2)]
    assert split.pieces == {(0, 2): 1, (2, 6): 2, (6, 7): 3}


def test_loss_gradient_and_rounding_are_those_of_the_whole() -> None:
    split = whole()
    np.testing.assert_array_equal(np.concatenate(split.point[1:4]), np.arange(7.0))
    with split.session():
        assert split.loss(split.point) == 1 + float((np.arange(7) * np.arange(7) ** 2).sum()) + 4
        np.testing.assert_array_equal(np.concatenate(split.gradient(split.point)[1:4]), 2 * np.arange(7.0) ** 2)
    assert [x.shape for x in split.representable(split.point)] == [b.shape for b in split.blocks]


def test_the_batch_of_the_whole_is_kept() -> None:
    x = np.random.default_rng(0).normal(size=(5, 3))
    subject = as_subject(lambda w, x: float(np.sum(x @ w)), lambda w, x: x.sum(axis=0), np.ones(3), args=(x,))
    split = SplitSubject(subject, 0, [0, 1, 3])
    assert split.samples == subject.samples == 5
    assert split.counts() == subject.counts()
    one = split.restricted(slice(0, 1))
    assert one is not None
    assert one.loss(split.point) == float(x[0].sum())
