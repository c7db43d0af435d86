"""What is cut out of the graph is noted, and held constant."""

from __future__ import annotations

from typing import Any

import pytest

torch = pytest.importorskip("torch")

from gradcheck.subjects.frameworks.torch_calls import functions_behind  # noqa: E402
from gradcheck.subjects.frameworks.torch_cuts import Cuts  # noqa: E402


class Square(torch.autograd.Function):  # type: ignore[misc, name-defined]
    """x², whose forward pass has no graph inside."""

    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        ctx.save_for_backward(x)
        return x * x

    @staticmethod
    def backward(ctx: Any, u: Any) -> Any:
        return 2 * ctx.saved_tensors[0] * u


def noted(function: Any, x: Any) -> list[Any]:
    cuts, functions = Cuts(), functions_behind(function(x))
    with cuts, cuts.outside_of(functions):
        function(x)
    return cuts.values


def held(function: Any, x: Any, values: list[Any]) -> tuple[Any, Cuts]:
    cuts, functions = Cuts(values), functions_behind(function(x))
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
    values = noted(function, x)
    assert len(values) == count
    found, cuts = held(function, moved, values)
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
