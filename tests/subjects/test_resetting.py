"""The method that resets a layer is found by what it does; methods that touch anything else are not called."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from gradcheck import as_layer, check_gradients, nn
from gradcheck.reports.report import Report
from tests.cases import Array

RNG = np.random.default_rng(1)
W, B = RNG.standard_normal((3, 2)), np.array([0.1, -0.2])
X, Y = RNG.standard_normal((5, 3)), RNG.standard_normal((5, 2))
CALLED: list[str] = []


class AddsUp:
    """An affine layer whose gradients add up; there is no way to reset it."""

    def __init__(self, factor: float = 1.0) -> None:
        self.params = {"W": W.copy(), "b": B.copy()}
        self.grads = {name: np.zeros_like(value) for name, value in self.params.items()}
        self.inputs: list[Array] = []
        self.factor = factor

    def forward(self, x: Array) -> Any:
        self.inputs = [x]
        return x @ self.params["W"] + self.params["b"]

    def backward(self, upstream: Array) -> Any:
        for x in self.inputs:
            self.grads["W"] += self.factor * x.T @ upstream
            self.grads["b"] += upstream.sum(axis=0)
        return upstream @ self.params["W"].T


class InPlace(AddsUp):
    def begin(self) -> None:
        for gradient in self.grads.values():
            gradient[...] = 0


class Anew(AddsUp):
    def once_more(self, keep: bool = False) -> None:
        setattr(self, "grads", {name: np.zeros_like(value) for name, value in self.params.items()})  # noqa: B010


def cleared(gradients: dict[str, Array]) -> None:
    for name in list(gradients):
        gradients[name] = 0 * gradients[name]


class ByHelper(AddsUp):
    def again(self) -> None:
        self._inner()

    def _inner(self) -> None:
        cleared(self.grads)


class Lists(AddsUp):
    """Also keeps all inputs."""

    def forward(self, x: Array) -> Any:
        self.inputs.append(x)
        return x @ self.params["W"] + self.params["b"]


class Flushed(Lists):
    def flush(self) -> None:
        self.inputs.clear()
        self.grads = {name: np.zeros_like(value) for name, value in self.params.items()}


class Tensor:
    def __init__(self, value: Array) -> None:
        self.value, self.grad = value.copy(), np.zeros_like(value)

    def wipe(self) -> None:
        self.grad[...] = 0


class Objects(AddsUp):
    """Parameters are objects, which hold their gradients."""

    def __init__(self, factor: float = 1.0) -> None:
        self.tensors = {"W": Tensor(W), "b": Tensor(B)}
        self.factor = factor

    @property
    def params(self) -> Any:  # type: ignore[override]
        return {name: tensor.value for name, tensor in self.tensors.items()}

    @property
    def grads(self) -> Any:  # type: ignore[override]
        return {name: tensor.grad for name, tensor in self.tensors.items()}

    def new_step(self) -> None:
        for tensor in self.__dict__["tensors"].values():
            if isinstance(tensor, Tensor):
                tensor.wipe()


class StartsOver(AddsUp):
    """Its reset sets the parameters to their first values as well, and can be no part of a training step."""

    def begin(self) -> None:
        self.params = {"W": W.copy(), "b": B.copy()}
        cleared(self.grads)


class Steps(AddsUp):
    """An update of the parameters resets nothing."""

    def step(self) -> None:
        for name, gradient in self.grads.items():
            self.params[name] -= 0.1 * gradient


class HalfReset(AddsUp):
    def forget_the_bias(self) -> None:
        self.grads["b"][:] = 0


def checked(layer: Any) -> Report:
    return check_gradients(nn.Network([as_layer(layer)], nn.MeanSquaredError()), batch=(X, Y), rng=0)


@pytest.mark.parametrize("kind", [InPlace, Anew, ByHelper, Flushed, Objects])
def test_a_layer_that_can_be_reset_is_judged_afresh_each_time(kind: Callable[..., AddsUp]) -> None:
    assert checked(kind()).verdict.value == "pass"
    report = checked(kind(2.0))
    assert report.verdict.value == "fail"
    assert [finding.code for finding in report.findings] == ["GC102"]


@pytest.mark.parametrize("kind", [AddsUp, Lists, Steps, HalfReset, StartsOver])
def test_a_layer_that_cannot_be_reset_fails(kind: Callable[..., AddsUp]) -> None:
    assert checked(kind()).verdict.value == "fail"


def test_the_layer_of_the_user_is_as_it_was() -> None:
    layer = Flushed()
    layer.inputs.append(X)
    assert checked(layer)
    assert len(layer.inputs) == 1
    assert not layer.grads["W"].any()
    np.testing.assert_array_equal(layer.params["W"], W)


def test_a_second_backward_pass_gives_the_same_gradients() -> None:
    for kind in (InPlace, Flushed):
        layer = as_layer(kind())
        for _ in range(2):
            y = layer.forward(X)
            for _ in range(2):
                layer.backward(np.ones_like(y))
                np.testing.assert_allclose(layer.grads["W"], X.T @ np.ones((5, 2)))


class Touching(AddsUp):
    """Methods without arguments that must not be called to see what they do, although they reset the layer."""

    def reset_and_save(self) -> None:
        CALLED.append("save")
        np.save("gradients.npy", self.grads["W"])
        self.zero()

    def reset_and_print(self) -> None:
        print("reset")
        self.zero()

    def reset_and_remove(self) -> None:
        os.remove("gradients.npy")
        self.zero()

    def reset_and_open(self) -> None:
        with open("gradients.txt", "w") as file:
            file.write("0")
        self.zero()

    def reset_and_import(self) -> None:
        import shutil

        shutil.rmtree("gradients", ignore_errors=True)
        self.zero()

    def zero(self, *, by: Callable[[], object] = lambda: CALLED.append("zero")) -> None:
        by()
        CALLED.append("zero")
        cleared(self.grads)


class Logged(Tensor):
    def wipe(self) -> None:
        CALLED.append("wipe")
        super().wipe()


class Logging(Objects):
    def __init__(self, factor: float = 1.0) -> None:
        super().__init__(factor)
        self.tensors["W"] = Logged(W)


def test_methods_of_what_a_layer_holds_are_looked_into_as_well() -> None:
    CALLED.clear()
    assert checked(Logging()).verdict.value == "fail"
    assert CALLED == []


def test_methods_that_touch_anything_but_the_layer_are_not_called(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    CALLED.clear()
    assert checked(Touching()).verdict.value == "fail"
    assert CALLED == []
    assert not list(tmp_path.iterdir())
    assert capsys.readouterr().out == ""
