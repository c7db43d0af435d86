"""What is cut out of the graph: by intention or not, which only the author knows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import gradcheck

torch = pytest.importorskip("torch")
nn = torch.nn


class Cut(nn.Module):  # type: ignore[misc, name-defined]
    """Two layers, with a cut of a kind between them."""

    def __init__(self, kind: str) -> None:
        super().__init__()
        self.kind = kind
        self.first, self.second = nn.Linear(4, 4), nn.Linear(4, 4)

    def forward(self, x: Any) -> Any:
        h = torch.tanh(self.first(x))
        if self.kind == "skip":
            return self.second(h.detach()) + h
        if self.kind == "straight-through":
            return self.second(h + (torch.round(8 * h) / 8 - h).detach())
        if self.kind == "item":
            return self.second(h / h.norm().item())
        if self.kind == "target":
            with torch.no_grad():
                target = self.second(self.first(x))
            return self.second(h) - target
        return self.second(h.detach())


def report_of(module: Any) -> gradcheck.Report:
    torch.manual_seed(0)
    for parameter in module.parameters():
        nn.init.normal_(parameter)
    batch = (torch.randn(6, 4), torch.randn(6, 4))
    return gradcheck.check_gradients(module, batch=batch, loss=nn.MSELoss(), rng=0)


@pytest.mark.parametrize("kind", ["skip", "straight-through", "item", "target"])
def test_a_gradient_that_is_right_with_constants_is_undecided(kind: str) -> None:
    report = report_of(Cut(kind))
    assert report.verdict.value == "undecided", str(report)
    text = " ".join(str(report).split())
    assert "what is cut out of the graph is held constant (test_constants.py:" in text
    assert not report.findings


def test_a_block_to_which_no_gradient_comes_back_is_wrong() -> None:
    report = report_of(Cut("all"))
    verdicts = {name: block.verdict.value for name, block in report.blocks.items()}
    assert verdicts == {"first.weight": "fail", "first.bias": "fail", "second.weight": "pass", "second.bias": "pass"}
    assert {finding.slug for finding in report.findings} == {"zero-gradient"}


def test_a_mistake_beside_a_cut_is_found() -> None:
    class Wrong(torch.autograd.Function):  # type: ignore[misc, name-defined]
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            ctx.save_for_backward(x)
            return x.sin()

        @staticmethod
        def backward(ctx: Any, u: Any) -> Any:
            return -u * ctx.saved_tensors[0].cos()

    class Beside(Cut):
        def forward(self, x: Any) -> Any:
            return super().forward(Wrong.apply(self.first(x)))

    report = report_of(Beside("skip"))
    assert report.blocks["first.weight"].verdict.value == "fail"
    assert "sign-flipped" in {finding.slug for finding in report.findings}


def test_arrays_have_no_graph() -> None:
    report = gradcheck.check_gradients(lambda x: np.sum(np.sin(x)), lambda x: -np.cos(x), np.arange(1.0, 4.0), rng=0)
    assert report.verdict.value == "fail"


class Step(torch.autograd.Function):  # type: ignore[misc, name-defined]
    """A step, with the slope of a bell."""

    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        ctx.save_for_backward(x)
        return (x > 0).to(x.dtype)

    @staticmethod
    def backward(ctx: Any, u: Any) -> Any:
        (x,) = ctx.saved_tensors
        return u / (1 + x**2)


class Double(torch.autograd.Function):  # type: ignore[misc, name-defined]
    """x, with twice its slope where it is told to."""

    @staticmethod
    def forward(ctx: Any, x: Any, slope: float) -> Any:
        ctx.slope = slope
        return 1.0 * x

    @staticmethod
    def backward(ctx: Any, u: Any) -> Any:
        return ctx.slope * u, None


class Spiking(nn.Module):  # type: ignore[misc, name-defined]
    """Neurons that fire if their potential is positive, and leak."""

    def __init__(self, slope: float) -> None:
        super().__init__()
        self.slope, self.first, self.second = slope, nn.Linear(4, 6), nn.Linear(6, 4)

    def forward(self, x: Any) -> Any:
        potential, found = torch.zeros(x.shape[0], 6), 0
        for _ in range(3):
            potential = 0.8 * potential + Double.apply(self.first(x), self.slope)
            found = found + self.second(Step.apply(potential))
        return found


def test_surrogates_of_steps_are_believed_and_the_rest_is_checked() -> None:
    report = report_of(Spiking(1.0))
    assert report.verdict.value == "undecided", str(report)
    text = " ".join(str(report).split())
    assert "steps have the slope that their backward pass gives them (Step.backward (test_constants.py:" in text
    for slope, slug in ((2.0, "constant-factor"), (-1.0, "sign-flipped")):
        report = report_of(Spiking(slope))
        assert report.verdict.value == "fail", str(report)
        assert report.blocks["second.weight"].verdict.value == "pass"
        (finding,) = report.findings
        assert finding.slug == slug
        assert finding.where.startswith("Double.backward (test_constants.py:")
