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
