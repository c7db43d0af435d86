"""What a module and its loss are called with."""

from __future__ import annotations

from typing import Any

import pytest

from gradcheck.errors import SubjectTypeError

torch = pytest.importorskip("torch")

from gradcheck.subjects.frameworks.torch_batch import ModuleBatch  # noqa: E402

X, Y, Z = torch.ones(2, 3), torch.zeros(2), torch.full((2, 1), 7.0)


class Two(torch.nn.Module):  # type: ignore[misc, name-defined]
    """A module that takes one or two arguments."""

    def forward(self, x: Any, mask: Any = None) -> Any:
        return x


def names(batch: ModuleBatch) -> list[str]:
    return [name for name, _ in batch.tensors()]


def test_the_last_one_is_for_the_loss() -> None:
    batch = ModuleBatch((X, Y), Two(), torch.nn.MSELoss())
    assert names(batch) == ["x"]
    assert batch.arguments({}, False) == ([X], {})
    assert batch.targets(False) == [Y]


def test_the_loss_may_take_none_or_several() -> None:
    assert ModuleBatch((X, Y), Two(), lambda output: output).targets(False) == []
    assert ModuleBatch((X, Y, Z), Two(), lambda output, *rest: output).targets(False) == [Z]
    ctc = ModuleBatch((X, Y, Z, Z), torch.nn.Linear(3, 1), torch.nn.CTCLoss())
    assert [target is each for target, each in zip(ctc.targets(False), (Y, Z, Z), strict=True)] == [True] * 3


def test_keyword_arguments_and_nestings() -> None:
    batch = ModuleBatch({"x": {"a": X, "n": 3}, "mask": [Y]}, Two(), lambda output: output)
    assert names(batch) == ["x.a", "mask.0"] or names(batch) == ["x.a", "mask[0]"]
    args, keywords = batch.arguments({"x.a": Z}, False)
    assert args == []
    assert keywords["x"]["a"] is Z
    assert keywords["x"]["n"] == 3
    assert keywords["mask"][0] is Y


def test_names_of_parameters_are_not_given_again() -> None:
    assert names(ModuleBatch((X,), Two(), None, taken=["x"])) == ["batch[0]"]


def test_double_precision_and_slices() -> None:
    batch = ModuleBatch((X, torch.tensor([1, 2])), Two(), torch.nn.CrossEntropyLoss())
    assert batch.arguments({}, True)[0][0].dtype == torch.float64
    assert batch.targets(True)[0].dtype == torch.int64
    assert [len(tensor) for tensor in batch.sliced(slice(1)).every_tensor()] == [1, 1]


@pytest.mark.parametrize(
    ("batch", "loss", "words"),
    [
        ((X, Y, Z), None, "where the last one is for a loss, pass the loss too"),
        ((), None, "pass what it is called with"),
        ((X, Y, Z, Z), torch.nn.MSELoss(), "cannot share a batch of 4"),
    ],
)
def test_a_batch_that_does_not_fit(batch: Any, loss: Any, words: str) -> None:
    with pytest.raises(SubjectTypeError, match=words):
        ModuleBatch(batch, Two(), loss)
