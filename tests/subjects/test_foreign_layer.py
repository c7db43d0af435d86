"""Layers of other libraries: every convention gives the same outputs and gradients."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest

from gradcheck import as_layer, nn
from gradcheck.errors import SubjectError, SubjectTypeError
from gradcheck.nn.layer import Array

W = np.array([[0.5, -1.0, 2.0], [1.5, 0.25, -0.75]])
B = np.array([0.1, -0.2, 0.3])
X = np.array([[1.0, 2.0], [-0.5, 0.75], [0.25, -1.5], [2.0, 1.0]])
U = np.arange(12.0).reshape(4, 3) / 7 - 0.5


class Mappings:
    def __init__(self) -> None:
        self.params = {"W": W.copy(), "b": B.copy()}
        self.grads: dict[str, Array] = {}

    def forward(self, x: Array) -> Any:
        self.x = x
        return x @ self.params["W"] + self.params["b"]

    def backward(self, upstream: Array) -> Any:
        self.grads = {"W": self.x.T @ upstream, "b": upstream.sum(axis=0)}
        return upstream @ self.params["W"].T


class Attributes:
    def __init__(self) -> None:
        self.W, self.b, self.other = W.copy(), B.copy(), np.ones(3)

    def __call__(self, x: Array) -> Any:
        self.x = x
        return x @ self.W + self.b

    def backward(self, upstream: Array) -> Any:
        self.dW, self.b_grad = self.x.T @ upstream, upstream.sum(axis=0)
        return upstream @ self.W.T


class Returns(Attributes):
    def forward(self, x: Array) -> Any:
        return self(x), x

    def backward(self, upstream: Array, *cache: Array) -> Any:
        return upstream @ self.W.T, cache[0].T @ upstream, upstream.sum(axis=0)


class ReturnsNames(Mappings):
    def backward(self, upstream: Array) -> Any:
        dx = super().backward(upstream)
        return dx, {"b": self.grads["b"], "dW": self.grads["W"]}


class AddsUp(Mappings):
    def __init__(self) -> None:
        super().__init__()
        self.zero_grad()

    def zero_grad(self) -> None:
        self.grads = {"W": np.zeros_like(W), "b": np.zeros_like(B)}

    def backward(self, upstream: Array) -> Any:
        self.grads["W"] += self.x.T @ upstream
        self.grads["b"] += upstream.sum(axis=0)
        return upstream @ self.params["W"].T


def forward(x: Array, w: Array, b: Array) -> Any:
    return x @ w + b, (x, w)


def backward(dout: Array, cache: Any) -> Any:
    x, w = cache
    return dout @ w.T, x.T @ dout, dout.sum(axis=0)


STYLES: dict[str, Any] = {
    "mappings": lambda: as_layer(Mappings()),
    "attributes": lambda: as_layer(Attributes(), x=X),
    "named attributes": lambda: as_layer(Attributes(), params=("W", "b")),
    "returned in order": lambda: as_layer(Returns(), params=("W", "b")),
    "returned by name": lambda: as_layer(ReturnsNames()),
    "zero_grad": lambda: as_layer(AddsUp()),
    "functions": lambda: as_layer(forward, backward, params={"W": W, "b": B}),
}


@pytest.mark.parametrize("style", STYLES)
def test_each_style_is_read(style: str) -> None:
    layer = STYLES[style]()
    assert isinstance(layer, nn.Layer)
    assert list(layer.params) == ["W", "b"]
    for _ in range(2):
        np.testing.assert_array_equal(layer.forward(X), X @ W + B)
        np.testing.assert_array_equal(layer.backward(U), U @ W.T)
        np.testing.assert_array_equal(layer.grads["W"], X.T @ U)
        np.testing.assert_array_equal(layer.grads["b"], U.sum(axis=0))


@pytest.mark.parametrize("style", STYLES)
def test_parameters_are_the_layers_own_and_copies_are_apart(style: str) -> None:
    layer = STYLES[style]()
    double = copy.deepcopy(layer)
    layer.params["W"] = 2 * W
    layer.params["b"][...] = 0
    np.testing.assert_array_equal(layer.forward(X), X @ (2 * W))
    np.testing.assert_array_equal(double.forward(X), X @ W + B)


def test_reports_show_the_class_of_the_user() -> None:
    assert type(as_layer(Mappings())).__name__ == "Mappings"
    ours = nn.Tanh()
    assert as_layer(ours) is ours


def test_an_object_that_is_not_a_layer_is_refused() -> None:
    with pytest.raises(SubjectTypeError, match="3 is not a layer: it needs forward"):
        as_layer(3)
    with pytest.raises(SubjectTypeError, match="for a function, pass the arrays by name"):
        as_layer(forward, backward, params=("W",))


class Silent(Mappings):
    def backward(self, upstream: Array) -> Any:
        super().backward(upstream)


class Broadcast(Mappings):
    def backward(self, upstream: Array) -> Any:
        dx = super().backward(upstream)
        self.grads["b"] = upstream
        return dx


class Forgets(Mappings):
    def backward(self, upstream: Array) -> Any:
        self.grads = {"W": self.x.T @ upstream}
        return upstream @ self.params["W"].T


class Few(Returns):
    def backward(self, upstream: Array, *cache: Array) -> Any:
        return upstream @ self.W.T, cache[0].T @ upstream


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        (lambda: as_layer(Silent()), "backward returned None: return the gradient with respect to the input"),
        (lambda: as_layer(Broadcast()), r"the gradient of 'b' has shape \(4, 3\), but 'b' has shape \(3,\): sum it"),
        (lambda: as_layer(Forgets()), r"there is no gradient of 'b' after backward: store it in grads\['b'\]"),
        (lambda: as_layer(Few(), params=("W", "b")), "backward returned 1 gradients besides that of the input"),
    ],
)
def test_a_missing_result_of_a_layer_is_named(layer: Any, message: str) -> None:
    read = layer()
    read.forward(X)
    with pytest.raises((SubjectError, SubjectTypeError), match=message):
        read.backward(U)
