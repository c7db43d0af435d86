"""What is cut out of the graph is noted, and held constant."""

from __future__ import annotations

from typing import Any

import pytest

torch = pytest.importorskip("torch")

from gradcheck.subjects.frameworks.torch_calls import functions_behind  # noqa: E402
from gradcheck.subjects.frameworks.torch_cuts import Cuts  # noqa: E402
from tests.subjects.frameworks.test_torch_calls import Square  # noqa: E402


class Sign(torch.autograd.Function):  # type: ignore[misc, name-defined]
    """The sign, with the slope of a clip."""

    @staticmethod
    def forward(ctx: Any, x: Any, width: float) -> Any:
        ctx.save_for_backward(x)
        ctx.width = width
        return x.sign()

    @staticmethod
    def backward(ctx: Any, u: Any) -> Any:
        (x,) = ctx.saved_tensors
        return u * (x.abs() < ctx.width), None


class Constant(torch.autograd.Function):  # type: ignore[misc, name-defined]
    """The sign, whose slope is zero."""

    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        return x.sign()

    @staticmethod
    def backward(ctx: Any, u: Any) -> Any:
        return torch.zeros_like(u)


class Mixing(torch.autograd.Function):  # type: ignore[misc, name-defined]
    """The sign, with a slope between entries."""

    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        return x.sign()

    @staticmethod
    def backward(ctx: Any, u: Any) -> Any:
        return u.flip(0)


def noted(function: Any, x: Any) -> Cuts:
    cuts, functions = Cuts(), functions_behind(function(x))
    with cuts, cuts.outside_of(functions):
        function(x)
    return cuts


def held(function: Any, x: Any, notes: Cuts) -> tuple[Any, Cuts]:
    cuts, functions = Cuts(notes), functions_behind(function(x))
    with cuts, cuts.outside_of(functions):
        return function(x), cuts


def point(*values: float) -> Any:
    return torch.tensor(values, requires_grad=True)


def with_no_grad(x: Any) -> Any:
    with torch.no_grad():
        weight = x.sum()
        total = torch.zeros(2).add_(x).prod()
    return x * (weight + total)


CUTS: dict[str, tuple[Any, int]] = {
    "detach": (lambda x: x * x.detach(), 1),
    "data": (lambda x: x * x.data, 1),
    "item": (lambda x: x * x.sum().item(), 1),
    "no_grad": (with_no_grad, 2),
    "straight-through": (lambda x: x + (x.round() - x).detach(), 1),
}


@pytest.mark.parametrize("name", CUTS)
def test_values_of_one_point_at_another(name: str) -> None:
    function, count = CUTS[name]
    x, moved = point(1.0, 2.25), point(1.5, 3.0)
    notes = noted(function, x)
    assert len(notes.values) == count
    found, cuts = held(function, moved, notes)
    slope = torch.autograd.grad(function(x).sum(), x)[0]
    # The function is linear in x where the rest is constant, so the slope at one point gives the change exactly.
    assert torch.allclose(found.sum() - function(x).sum(), (slope * (moved - x)).sum())
    assert all(place.startswith("test_torch_cuts.py:") for place in cuts.places)
    assert cuts.places


@pytest.mark.parametrize(
    "function",
    [
        lambda x: x * torch.ones_like(x),
        lambda x: torch.where(x > 0, x, 2 * x),
        lambda x: x[x.argmax()],
        lambda x: Square.apply(x).sum(),
        lambda x: torch.utils.checkpoint.checkpoint(torch.sin, x, use_reentrant=False),
    ],
    ids=["ones", "where", "argmax", "function", "checkpoint"],
)
def test_what_is_no_cut_changes_nothing(function: Any) -> None:
    import torch.utils.checkpoint

    forward = Square.__dict__["forward"]
    moved = point(1.5, 3.0)
    found, cuts = held(function, moved, noted(function, point(1.0, 2.0)))
    assert torch.equal(found, function(moved))
    assert not cuts.places
    assert Square.__dict__["forward"] is forward


def test_another_way_is_left_alone() -> None:
    def function(x: Any) -> Any:
        return x * (x.detach() if x[0] > 1.2 else x[:1].detach())

    moved = point(1.5, 3.0)
    found, _ = held(function, moved, noted(function, point(1.0, 2.0)))
    assert torch.equal(found, function(moved))


def test_steps_are_continued_by_the_slope_of_their_backward_pass() -> None:
    def function(x: Any) -> Any:
        return 3 * Sign.apply(x, 1.0)

    notes = noted(function, point(0.5, -2.0))
    found, cuts = held(function, point(0.75, -3.0), notes)
    assert found.tolist() == [3 * 1.25, -3.0]
    (name,) = cuts.functions
    assert name.startswith("Sign.backward (test_torch_cuts.py:")


@pytest.mark.parametrize("function", [Square, Constant, Mixing], ids=lambda function: function.__name__)
def test_what_is_no_surrogate(function: Any) -> None:
    notes = noted(function.apply, point(0.5, -2.0))
    assert notes.is_empty
    moved = point(0.75, -3.0)
    assert torch.equal(held(function.apply, moved, notes)[0], function.apply(moved))
