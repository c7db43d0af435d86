"""Calls of modules and functions inside a module."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any

import pytest

torch = pytest.importorskip("torch")

from gradcheck.subjects.frameworks.torch_calls import Applied, Calls, functions_behind  # noqa: E402


class Square(torch.autograd.Function):  # type: ignore[misc, name-defined]
    """x²."""

    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        ctx.save_for_backward(x)
        return x * x

    @staticmethod
    def backward(ctx: Any, u: Any) -> Any:
        return 2 * ctx.saved_tensors[0] * u


class Product(torch.autograd.Function):  # type: ignore[misc, name-defined]
    """The same of two, in the other style."""

    @staticmethod
    def forward(x: Any, y: Any) -> Any:
        return x * y

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        ctx.save_for_backward(*inputs)

    @staticmethod
    def backward(ctx: Any, u: Any) -> Any:
        x, y = ctx.saved_tensors
        return y * u, x * u


class Inner(torch.nn.Module):  # type: ignore[misc, name-defined]
    """Applies both."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = torch.nn.Parameter(torch.tensor([2.0, 3.0]))

    def forward(self, x: Any) -> Any:
        return Product.apply(Square.apply(x), self.scale)


def calls_of(module: Any, x: Any) -> dict[str, Any]:
    calls = Calls({id(p): name for name, p in module.named_parameters()})
    functions = functions_behind(module(x))
    forward = Square.__dict__["forward"]
    with ExitStack() as undo:
        calls.watch(module, functions, undo)
        module(x).sum().backward()
    assert Square.__dict__["forward"] is forward
    assert not any(m._forward_hooks or m._forward_pre_hooks for m in module.modules())
    return calls.found


def test_each_part_with_what_it_depends_on() -> None:
    module = torch.nn.Sequential(torch.nn.Linear(2, 2), Inner())
    found = calls_of(module, torch.ones(3, 2))
    assert set(found) == {"1", "1.Square", "1.Product"}
    behind = ("0.weight", "0.bias")
    assert found["1"].depends_on == [behind]
    assert found["1.Product"].depends_on == [behind, ("1.scale",)]
    assert found["1.Square"].source is not None
    assert found["1.Square"].source[0] == __file__
    assert "Square.backward (test_torch_calls.py:" in found["1.Square"].name
    assert found["1.Square"].name.endswith(" in 1")


def test_what_came_back_and_what_was_passed() -> None:
    module = torch.nn.Sequential(torch.nn.Linear(2, 2), Inner())
    found = calls_of(module, torch.ones(3, 2))
    assert found["1"].upstream.tolist() == [[1.0, 1.0]] * 3
    assert found["1.Square"].upstream.tolist() == [[2.0, 3.0]] * 3
    (x,) = found["1.Square"].arguments
    assert x.grad_fn is None
    assert x.requires_grad


def test_a_module_of_the_library_is_a_part_if_it_has_a_hook() -> None:
    module = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.Tanh())
    assert calls_of(module, torch.ones(3, 2)) == {}
    module[1].register_full_backward_hook(lambda m, gi, go: None)
    assert set(calls_of(module, torch.ones(3, 2))) == {"1"}


def test_the_first_call_that_is_differentiated() -> None:
    class Twice(torch.nn.Module):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.inner = torch.nn.Linear(2, 2)

        def forward(self, x: Any) -> Any:
            return Square.apply(x) + Square.apply(self.inner(x))

    (x,) = calls_of(Twice(), torch.ones(3, 2))["Square"].arguments
    assert x.requires_grad


def test_the_pass_goes_on_where_a_module_raises() -> None:
    class Raising(torch.nn.Module):  # type: ignore[misc, name-defined]
        def forward(self, x: Any) -> Any:
            raise ValueError("no")

    class Caught(torch.nn.Module):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.inner, self.then = Raising(), Inner()

        def forward(self, x: Any) -> Any:
            try:
                self.inner(x)
            except ValueError:
                return self.then(x)

    found = calls_of(Caught(), torch.ones(3, 2, requires_grad=True))
    assert {"then", "then.Square", "then.Product"} <= set(found)


def test_applied_has_the_arguments_of_the_function() -> None:
    x, y = torch.ones(2), torch.full((2,), 3.0)
    assert Applied(Product)(x, y).tolist() == [3.0, 3.0]
    assert Applied(Square)(y).tolist() == [9.0, 9.0]
