"""Modules of PyTorch: right ones pass and stay as they were; wrong ones fail at the part that is wrong."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gradcheck
from gradcheck.errors import SubjectError, SubjectTypeError

torch = pytest.importorskip("torch")
nn = torch.nn


def function(forward: Callable[..., Any], backward: Callable[..., Any]) -> Any:
    """A `torch.autograd.Function` with a backward pass ``backward(u, *arguments)``."""

    class Written(torch.autograd.Function):  # type: ignore[misc, name-defined]
        @staticmethod
        def forward(ctx: Any, *arguments: Any) -> Any:
            ctx.save_for_backward(*arguments)
            return forward(*arguments)

        @staticmethod
        def backward(ctx: Any, u: Any) -> Any:
            return backward(u, *ctx.saved_tensors)

    return Written


class Apply(nn.Module):  # type: ignore[misc, name-defined]
    """Applies a function, to parameters as well."""

    def __init__(self, applied: Any, *parameters: Any) -> None:
        super().__init__()
        self.applied, self.given = applied, nn.ParameterList(parameters)

    def forward(self, x: Any) -> Any:
        return self.applied.apply(x, *self.given)


class Stateful(nn.Module):  # type: ignore[misc, name-defined]
    """Keeps what it sees, counts its calls, and has buffers."""

    def __init__(self) -> None:
        super().__init__()
        self.inner = nn.Sequential(nn.Linear(3, 5), nn.BatchNorm1d(5), nn.Dropout(0.5), nn.Linear(5, 2))
        self.calls, self.average = 0, torch.zeros(2)
        self.seen: list[Any] = []

    def forward(self, x: Any) -> Any:
        self.calls += 1
        self.last = self.inner(x)
        self.seen.append(self.last.detach())
        self.average += self.last.detach().mean(0)
        return self.last


class Tied(nn.Module):  # type: ignore[misc, name-defined]
    """The embedding is used at the input and at the output."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding, self.out = nn.Embedding(7, 4), nn.Linear(4, 7)
        self.out.weight = self.embedding.weight

    def forward(self, indices: Any) -> Any:
        return self.out(torch.tanh(self.embedding(indices)))


@pytest.fixture(autouse=True)
def _seeded() -> None:
    torch.manual_seed(0)


def drawn(*shape: int) -> Any:
    return torch.randn(*shape)


RIGHT: dict[str, Callable[[], tuple[Any, Any, Any]]] = {
    "network": lambda: (
        nn.Sequential(nn.Linear(4, 8), nn.GELU(), nn.Linear(8, 2)),
        (drawn(5, 4), drawn(5, 2)),
        nn.MSELoss(),
    ),
    "double": lambda: (nn.Linear(4, 2).double(), (drawn(5, 4).double(), drawn(5, 2).double()), nn.MSELoss()),
    "half": lambda: (nn.Linear(4, 2).half(), (drawn(5, 4).half(), drawn(5, 2).half()), nn.MSELoss()),
    "bfloat16": lambda: (nn.Linear(4, 2).bfloat16(), (drawn(5, 4).bfloat16(), drawn(5, 2).bfloat16()), nn.MSELoss()),
    "classes": lambda: (
        nn.Sequential(
            nn.Conv2d(1, 3, 3), nn.BatchNorm2d(3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(12, 3)
        ),
        (drawn(6, 1, 6, 6), torch.randint(0, 3, (6,))),
        nn.CrossEntropyLoss(weight=torch.tensor([1.0, 2.0, 3.0])),
    ),
    "stateful": lambda: (Stateful(), (drawn(6, 3), drawn(6, 2)), nn.MSELoss()),
    "tied": lambda: (Tied(), (torch.randint(0, 7, (6,)), torch.randint(0, 7, (6,))), nn.CrossEntropyLoss()),
    "recurrent": lambda: (nn.GRU(3, 4, 2, bidirectional=True), (drawn(5, 2, 3),), None),
    "sparse": lambda: (nn.Embedding(10, 4, sparse=True), (torch.randint(0, 10, (3, 4)),), None),
    "several inputs": lambda: (nn.Bilinear(3, 4, 2), (drawn(5, 3), drawn(5, 4)), None),
    "a loss": lambda: (nn.CrossEntropyLoss(), (drawn(5, 4), torch.randint(0, 4, (5,))), None),
    "parametrised": lambda: (
        nn.utils.parametrizations.weight_norm(nn.Linear(4, 3)),
        (drawn(5, 4), drawn(5, 3)),
        nn.MSELoss(),
    ),
    "scripted": lambda: (
        torch.jit.script(nn.Sequential(nn.Linear(4, 6), nn.BatchNorm1d(6), nn.Linear(6, 2))),
        (drawn(5, 4), drawn(5, 2)),
        nn.MSELoss(),
    ),
    "packed": lambda: (
        nn.LSTM(3, 4),
        (nn.utils.rnn.pack_padded_sequence(drawn(5, 2, 3), [5, 3]),),
        lambda output: (output[1][0] ** 2).mean(),
    ),
}


@pytest.mark.filterwarnings("ignore:`torch.jit:DeprecationWarning")
@pytest.mark.parametrize("name", RIGHT)
def test_a_right_one_passes_and_is_as_it_was(name: str) -> None:
    module, batch, loss = RIGHT[name]()
    before = {key: value.clone() for key, value in module.state_dict().items()}
    attributes = {place: dict(vars(inner)) for place, inner in module.named_modules()}
    generator, given = torch.get_rng_state(), [copy.deepcopy(x) for x in batch]
    report = gradcheck.check_gradients(module, batch=batch, loss=loss, rng=0)
    assert report.verdict.value == "pass", str(report)
    assert torch.equal(generator, torch.get_rng_state())
    for key, value in module.state_dict().items():
        assert value.dtype == before[key].dtype
        assert torch.equal(value, before[key])
    for place, inner in module.named_modules():
        assert vars(inner).keys() == attributes[place].keys()
        assert all(vars(inner)[key] is value for key, value in attributes[place].items())
    assert all(parameter.grad is None for parameter in module.parameters())
    for x, was in zip(batch, given, strict=True):
        assert torch.equal(x, was) if isinstance(x, torch.Tensor) else True


def test_gradients_that_were_there_stay() -> None:
    module, x, y = nn.Linear(3, 1), drawn(4, 3), drawn(4, 1)
    nn.MSELoss()(module(x), y).backward()
    kept, values = module.weight.grad, module.weight.grad.clone()
    assert gradcheck.check_gradients(module, batch=(x, y), loss=nn.MSELoss(), rng=0)
    assert module.weight.grad is kept
    assert torch.equal(kept, values)


#: Functions with a mistake, the slug of it, and the same function without.
ACTIVATIONS: dict[str, tuple[Callable[..., Any], Callable[..., Any], Callable[..., Any]]] = {
    "sign-flipped": (torch.tanh, lambda u, x: -u / torch.cosh(x) ** 2, lambda u, x: u / torch.cosh(x) ** 2),
    "constant-factor": (torch.sin, lambda u, x: u * x.cos() / 2, lambda u, x: u * x.cos()),
    "missing-activation-derivative": (torch.sinh, lambda u, x: u, lambda u, x: u * x.cosh()),
    "upstream-ignored": (torch.exp, lambda u, x: x.exp(), lambda u, x: u * x.exp()),
    "zero-gradient": (torch.sin, lambda u, x: torch.zeros_like(x), lambda u, x: u * x.cos()),
    "derivative-at-wrong-argument": (
        torch.sigmoid,
        lambda u, x: u * x * (1 - x),
        lambda u, x: u * x.sigmoid() * (1 - x.sigmoid()),
    ),
}


@pytest.mark.parametrize("slug", ACTIVATIONS)
def test_the_function_that_is_wrong(slug: str) -> None:
    forward, wrong, right = ACTIVATIONS[slug]
    for backward, verdict in ((wrong, "fail"), (right, "pass")):
        module = nn.Sequential(nn.Linear(4, 6), Apply(function(forward, backward)), nn.Linear(6, 3))
        batch = (drawn(5, 4), torch.randint(0, 3, (5,)))
        report = gradcheck.check_gradients(module, batch=batch, loss=nn.CrossEntropyLoss(), rng=0)
        assert report.verdict.value == verdict, str(report)
    (finding,) = gradcheck.check_gradients(
        nn.Sequential(nn.Linear(4, 6), Apply(function(forward, wrong)), nn.Linear(6, 3)),
        batch=(drawn(5, 4), torch.randint(0, 3, (5,))),
        loss=nn.CrossEntropyLoss(),
        rng=0,
    ).findings
    assert finding.slug == slug
    assert finding.where.startswith("Written.backward (test_torch_module.py:")
    assert finding.where.endswith(" in 1, with respect to its input")
    assert finding.file == __file__
    assert finding.line is not None
    with open(__file__) as source:
        assert "@staticmethod" in source.readlines()[finding.line - 1]
    assert set(finding.blocks) == {"0.weight", "0.bias"}


def affine(u_of_b: Callable[[Any], Any]) -> Any:
    return function(lambda x, w, b: x @ w.T + b, lambda u, x, w, b: (u @ w, u.T @ x, u_of_b(u)))


def test_the_argument_that_is_wrong() -> None:
    given = [nn.Parameter(drawn(5, 4)), nn.Parameter(drawn(5))]
    batch = (drawn(6, 4), drawn(6, 5))
    right = Apply(affine(lambda u: u.sum(0)), *given)
    assert gradcheck.check_gradients(right, batch=batch, loss=nn.MSELoss(), rng=0)
    wrong = nn.Sequential(nn.Linear(4, 4), Apply(affine(lambda u: u.mean(0)), *given))
    report = gradcheck.check_gradients(wrong, batch=batch, loss=nn.MSELoss(), rng=0)
    assert {name for name, block in report.blocks.items() if block.verdict.value == "fail"} == {"1.given.1"}
    assert [finding.slug for finding in report.findings] == ["mean-sum"]
    assert "its argument batch[2]" in report.findings[0].where


def test_a_hook_that_changes_the_gradient() -> None:
    module = nn.Sequential(nn.Linear(4, 4), nn.Tanh(), nn.Linear(4, 4))
    batch = (drawn(6, 4), drawn(6, 4))
    module[1].register_full_backward_hook(lambda m, before, after: (before[0] * 1.0,))
    assert gradcheck.check_gradients(module, batch=batch, loss=nn.MSELoss(), rng=0)
    module[1].register_full_backward_hook(lambda m, before, after: (before[0] * 0.5,))
    report = gradcheck.check_gradients(module, batch=batch, loss=nn.MSELoss(), rng=0)
    assert [(finding.slug, finding.where) for finding in report.findings] == [
        ("constant-factor", "1 (Tanh), with respect to its input")
    ]


def test_a_hook_that_clips_the_gradient_of_a_parameter() -> None:
    module, batch = nn.Linear(4, 4), (drawn(6, 4), drawn(6, 4))
    module.weight.register_hook(lambda gradient: gradient.clamp(-0.01, 0.01))
    report = gradcheck.check_gradients(module, batch=batch, loss=nn.MSELoss(), rng=0)
    assert {name: block.verdict.value for name, block in report.blocks.items()} == {"weight": "fail", "bias": "pass"}


def test_without_a_loss_inputs_are_checked_too() -> None:
    right = function(lambda x, w: x * w, lambda u, x, w: (u * w, (u * x).sum(0)))
    wrong = function(lambda x, w: x * w, lambda u, x, w: (u, (u * x).sum(0)))
    w = nn.Parameter(drawn(3))
    assert gradcheck.check_gradients(Apply(right, w), batch=(drawn(5, 3),), rng=0)
    report = gradcheck.check_gradients(Apply(wrong, w), batch=drawn(5, 3), rng=0)
    assert {name: block.verdict.value for name, block in report.blocks.items()} == {"given.0": "pass", "x": "fail"}


def test_an_input_to_which_no_gradient_comes_back_is_left_out_unless_it_requires_one() -> None:
    half = function(lambda x, y: ((x - y) ** 2).sum(), lambda u, x, y: (2 * u * (x - y), None))

    class Loss(nn.Module):  # type: ignore[misc, name-defined]
        def forward(self, x: Any, y: Any) -> Any:
            return half.apply(x, y)

    report = gradcheck.check_gradients(Loss(), batch=(drawn(4), drawn(4)), rng=0)
    assert report.verdict.value == "pass"
    assert set(report.blocks) == {"x"}
    assert any("no gradient comes back to them: y" in note for note in report.notes)
    report = gradcheck.check_gradients(Loss(), batch=(drawn(4).requires_grad_(), drawn(4).requires_grad_()), rng=0)
    assert {name: block.verdict.value for name, block in report.blocks.items()} == {"x": "pass", "y": "fail"}


def test_outputs_without_a_graph_and_complex_ones() -> None:
    class Several(nn.Module):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.inner = nn.Linear(4, 4)

        def forward(self, x: Any) -> Any:
            y = self.inner(x)
            return torch.fft.rfft(y), {"seen": y.detach() ** 2, "largest": y.argmax(-1)}

    report = gradcheck.check_gradients(Several(), batch=(drawn(5, 4),), rng=0)
    assert report.verdict.value == "pass"
    assert any("no graph leads to them: output.1.seen" in note for note in report.notes)


def test_frozen_and_unused_parameters_are_said() -> None:
    class Partly(nn.Module):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.frozen, self.used, self.unused = nn.Linear(3, 3), nn.Linear(3, 2), nn.Linear(2, 2)
            self.frozen.requires_grad_(False)

        def forward(self, x: Any) -> Any:
            return self.used(self.frozen(x))

    report = gradcheck.check_gradients(Partly(), batch=(drawn(5, 3), drawn(5, 2)), loss=nn.MSELoss(), rng=0)
    assert report.verdict.value == "pass"
    assert set(report.blocks) == {"used.weight", "used.bias", "unused.weight", "unused.bias"}
    assert any("they require no gradient: frozen.weight, frozen.bias" in note for note in report.notes)


def test_parameters_of_the_loss_and_keyword_arguments() -> None:
    class Weighted(nn.Module):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.log = nn.Parameter(torch.tensor(0.3))

        def forward(self, output: Any) -> Any:
            return (output**2).mean() * torch.exp(-self.log) + self.log

    report = gradcheck.check_gradients(nn.Linear(3, 2), batch={"input": drawn(5, 3)}, loss=Weighted(), rng=0)
    assert report.verdict.value == "pass"
    assert set(report.blocks) == {"weight", "bias", "loss.log"}


def test_some_parameters_alone() -> None:
    module = nn.Sequential(nn.Linear(3, 3), nn.Tanh(), nn.Linear(3, 2))
    report = gradcheck.check_gradients(module, batch=(drawn(5, 3), drawn(5, 2)), loss=nn.MSELoss(), rng=0, wrt="2")
    assert set(report.blocks) == {"2.weight", "2.bias"}


def test_a_batch_that_is_written_to_is_put_back_and_said() -> None:
    class Writing(nn.Module):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.inner = nn.Linear(3, 2)

        def forward(self, x: Any) -> Any:
            return self.inner(x.mul_(2))

    x, y = drawn(5, 3), drawn(5, 2)
    before = x.clone()
    report = gradcheck.check_gradients(Writing(), batch=(x, y), loss=nn.MSELoss(), rng=0)
    assert torch.equal(x, before)
    assert [finding.slug for finding in report.findings] == ["mutates-input"]


def test_what_raises_leaves_all_as_it_was() -> None:
    class Raising(nn.Module):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.inner, self.calls = nn.Linear(3, 2), 0

        def forward(self, x: Any) -> Any:
            self.calls += 1
            self.inner(x)
            raise RuntimeError("no")

    module = Raising()
    before = {key: (value, value.clone()) for key, value in module.state_dict(keep_vars=True).items()}
    with pytest.raises(RuntimeError, match="no"):
        gradcheck.check_gradients(module, batch=(drawn(5, 3), drawn(5, 2)), loss=nn.MSELoss(), rng=0)
    assert module.calls == 0
    for key, value in module.state_dict(keep_vars=True).items():
        assert value is before[key][0]
        assert torch.equal(value, before[key][1])


@pytest.mark.parametrize(
    ("module", "batch", "loss", "error", "words"),
    [
        (lambda: nn.Linear(3, 1), (), None, SubjectTypeError, "loss=torch.nn.MSELoss"),
        (lambda: nn.Linear(3, 1), (torch.ones(2, 3),), "mse", SubjectTypeError, "loss is a str"),
        (lambda: nn.Linear(3, 1), (torch.ones(2, 3),) * 2, None, SubjectTypeError, "pass the loss too"),
        (
            lambda: nn.Linear(3, 1),
            (torch.ones(2, 3), torch.ones(2, 1)),
            nn.MSELoss(reduction="none"),
            SubjectTypeError,
            r"a tensor of the shape \(2, 1\): it has to be one real number",
        ),
        (lambda: nn.LazyLinear(3), (torch.ones(2, 3),), None, SubjectError, "call the module once before"),
        (lambda: nn.ReLU(), (torch.ones(2, 3, dtype=torch.int64),), None, SubjectError, "there is nothing to check"),
        (
            lambda: Apply(None, nn.Parameter(torch.ones(2) * 1j)),
            (torch.ones(2, 3),),
            None,
            SubjectTypeError,
            "is complex",
        ),
        (lambda: nn.Identity(), (3,), None, SubjectError, "there is nothing to check"),
    ],
)
def test_what_cannot_be_checked(module: Any, batch: Any, loss: Any, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        gradcheck.check_gradients(module(), batch=batch, loss=loss, rng=0)


def test_a_loss_is_for_modules_alone() -> None:
    with pytest.raises(SubjectTypeError, match="loss is for a"):
        gradcheck.check_gradients(lambda x: x @ x, lambda x: 2 * x, np.ones(3), loss=nn.MSELoss())
    with pytest.raises(SubjectTypeError, match="args is for a function"):
        gradcheck.check_gradients(nn.Linear(3, 1), args=(torch.ones(2, 3),))
