"""Layers of other libraries: every convention gives the same outputs and gradients."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest

from gradcheck import as_layer, check_gradients, nn
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


class Later(Attributes):
    """Gradients are None before the first backward pass."""

    def __init__(self, factor: float = 1.0) -> None:
        super().__init__()
        del self.other
        self.dW: Any = None
        self.b_grad: Any = None
        self.factor = factor

    def backward(self, upstream: Array) -> Any:
        dx = super().backward(upstream)
        self.dW = self.factor * self.dW
        return dx


class Sequences:
    """Parameters and gradients in lists."""

    def __init__(self) -> None:
        self.params, self.grads = [W.copy(), B.copy()], [np.zeros_like(W), np.zeros_like(B)]

    def forward(self, x: Array) -> Any:
        weight, bias = self.params
        self.x = x
        return x @ weight + bias

    def backward(self, upstream: Array) -> Any:
        self.grads[0][...], self.grads[1][...] = self.x.T @ upstream, upstream.sum(axis=0)
        return upstream @ self.params[0].T


class Weights(Mappings):
    """Another name for the mapping of parameters."""

    def __init__(self) -> None:
        self.weights = {"W": W.copy(), "b": B.copy()}

    def forward(self, x: Array) -> Any:
        self.x = x
        return x @ self.weights["W"] + self.weights["b"]

    def backward(self, upstream: Array) -> Any:
        self.dweights = {"W": self.x.T @ upstream, "b": upstream.sum(axis=0)}
        return upstream @ self.weights["W"].T


def forward(x: Array, w: Array, b: Array) -> Any:
    return x @ w + b, (x, w)


def backward(dout: Array, cache: Any) -> Any:
    x, w = cache
    return dout @ w.T, x.T @ dout, dout.sum(axis=0)


def backward_with_list(dout: Array, cache: Any) -> Any:
    dx, *others = backward(dout, cache)
    return dx, others


STYLES: dict[str, Any] = {
    "mappings": lambda: as_layer(Mappings()),
    "attributes": lambda: as_layer(Attributes(), x=X),
    "named attributes": lambda: as_layer(Attributes(), params=("W", "b")),
    "returned in order": lambda: as_layer(Returns(), params=("W", "b")),
    "returned by name": lambda: as_layer(ReturnsNames()),
    "zero_grad": lambda: as_layer(AddsUp()),
    "None before the first pass": lambda: as_layer(Later()),
    "mapping by its name": lambda: as_layer(Weights(), params="weights"),
    "functions, gradients in a list": lambda: as_layer(forward, backward_with_list, params={"W": W, "b": B}),
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


class Summed(Mappings):
    def backward(self, upstream: Array) -> Any:
        dx = super().backward(upstream)
        self.grads["b"] = upstream.sum(axis=0)[:2]
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
        (
            lambda: as_layer(Broadcast()),
            r"the gradient of 'b' has shape \(4, 3\), but 'b' has shape \(3,\): sum it over axis 0",
        ),
        (lambda: as_layer(Summed()), r"the gradient of 'b' has shape \(2,\), but 'b' has shape \(3,\)$"),
        (lambda: as_layer(Forgets()), r"there is no gradient of 'b' after backward: store it in grads\['b'\]"),
        (lambda: as_layer(Few(), params=("W", "b")), "backward returned 1 gradients besides that of the input"),
    ],
)
def test_a_missing_result_of_a_layer_is_named(layer: Any, message: str) -> None:
    read = layer()
    read.forward(X)
    with pytest.raises((SubjectError, SubjectTypeError), match=message):
        read.backward(U)


def network(layer: nn.Layer) -> nn.Network:
    return nn.Network([nn.Dense(2, 2, rng=0), layer], nn.MeanSquaredError())


BATCH = (X, np.ones((4, 3)))


def test_parameters_whose_gradients_are_none_at_first_are_checked() -> None:
    report = check_gradients(network(as_layer(Later())), batch=BATCH, rng=0)
    assert report
    assert list(report.blocks)[2:] == ["layers.1.W", "layers.1.b"]
    assert (
        check_gradients(network(as_layer(Later(3.0))), batch=BATCH, rng=0).blocks["layers.1.W"].verdict.value == "fail"
    )


def test_parameters_in_a_list_are_called_after_their_index() -> None:
    report = check_gradients(network(as_layer(Sequences())), batch=BATCH, rng=0)
    assert report
    assert list(report.blocks)[2:] == ["layers.1.0", "layers.1.1"]

    class Wrong(Sequences):
        def backward(self, upstream: Array) -> Any:
            dx = super().backward(upstream)
            self.grads[1] *= 2
            return dx

    assert check_gradients(network(as_layer(Wrong())), batch=BATCH, rng=0).blocks["layers.1.1"].verdict.value == "fail"


class Unnamed(Attributes):
    """Stores its gradients under names of its own."""

    def backward(self, upstream: Array) -> Any:
        self.change_of_weights = 3 * self.x.T @ upstream
        return upstream @ self.W.T


class HalfNamed(Attributes):
    """One gradient is known to be there before the first pass, the other is not."""

    def __init__(self) -> None:
        super().__init__()
        self.b_grad: Any = None


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        (lambda: as_layer(Attributes()), r"gradients of W, b, .*write as_layer\(layer, params=\('W', 'b'\)\)"),
        (lambda: as_layer(HalfNamed()), r"gradients of W, .*write as_layer\(layer, params=\('b', 'W'\)\)"),
        (lambda: as_layer(Unnamed()), r"W, b, other are parameters.*as_layer\(layer, x=X\).*params=\(\)"),
        (lambda: as_layer(Unnamed(), x=X), r"nothing says whether W, b, other are parameters"),
        (lambda: as_layer(Unnamed(), params=("W",)), "there is no gradient of 'W' after backward"),
    ],
)
def test_parameters_are_not_left_out_in_silence(layer: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        check_gradients(network(layer()), batch=BATCH, rng=0)


def test_a_network_without_parameters_that_were_read_says_how_to_read_them() -> None:
    with pytest.raises(SubjectError, match=r"nothing says whether W, b, other are parameters"):
        check_gradients(nn.Network([as_layer(Unnamed())], nn.MeanSquaredError()), batch=BATCH, rng=0)


def test_arrays_beside_the_parameters_are_listed_as_not_checked() -> None:
    report = check_gradients(network(as_layer(Attributes(), x=X)), batch=BATCH, rng=0)
    assert report
    assert report.notes == ("not checked, since no gradient is called after it: other of layers.1",)


class Shift:
    """Adds a constant; keeps its last output."""

    def __init__(self) -> None:
        self.by = np.array([1.0, -1.0, 0.5])

    def forward(self, x: Array) -> Any:
        self.out = x + self.by
        return self.out

    def backward(self, upstream: Array) -> Any:
        return upstream * (self.out > -9)


def test_constants_are_declared_and_caches_are_not_taken_for_parameters() -> None:
    layers = [nn.Dense(2, 3, rng=0), as_layer(Shift(), params=())]
    assert check_gradients(nn.Network(layers, nn.MeanSquaredError()), batch=BATCH, rng=0)

    class Used(Shift):
        def forward(self, x: Array) -> Any:
            self.out = np.tanh(x)
            return self.out

        def backward(self, upstream: Array) -> Any:
            self.dout = upstream
            return upstream * (1 - self.out**2)

    used = Used()
    del used.by
    used.backward(used.forward(np.ones((4, 3))))
    layers = [nn.Dense(2, 3, rng=0), as_layer(used, x=BATCH[1] / 2)]
    report = check_gradients(nn.Network(layers, nn.MeanSquaredError()), batch=BATCH, rng=0)
    assert report
    assert list(report.blocks) == ["layers.0.W", "layers.0.b"]


def test_an_attribute_that_is_not_there_is_named() -> None:
    with pytest.raises(SubjectError, match="no attribute V: its arrays are W, b, other"):
        as_layer(Attributes(), params=("W", "V"))


class Row(Mappings):
    """A bias of shape (1, n) with a gradient of shape (n,)."""

    def __init__(self) -> None:
        super().__init__()
        self.params["b"] = B[None].copy()


def test_a_bias_that_is_a_row_is_taken() -> None:
    layer = as_layer(Row())
    layer.forward(X)
    layer.backward(U)
    assert layer.grads["b"].shape == (1, 3)
    assert check_gradients(network(as_layer(Row())), batch=BATCH, rng=0)

    class Wrong(Row):
        def backward(self, upstream: Array) -> Any:
            dx = super().backward(upstream)
            self.grads["b"] = 2 * self.grads["b"]
            return dx

    assert not check_gradients(network(as_layer(Wrong())), batch=BATCH, rng=0)


def test_a_layer_is_checked_on_its_own() -> None:
    layer = as_layer(Later(3.0))
    report = check_gradients(layer, batch=(X,), rng=0)
    assert {name: block.verdict.value for name, block in report.blocks.items()} == {
        "x": "pass",
        "W": "fail",
        "b": "pass",
    }
    assert report.target == "Later"
    assert check_gradients(layer, batch=[X], wrt=("x", "b"), rng=0)
    assert layer.layer.dW is None  # type: ignore[attr-defined]
    assert check_gradients(nn.Dense(2, 3, rng=0), batch=(X,), rng=0)


@pytest.mark.parametrize(
    ("layer", "batch", "message"),
    [
        (Later(), (X,), r"check_gradients\(gradcheck.as_layer\(layer, x=X\), batch=\(X,\)\)"),
        (nn.Tanh(), (), "the batch has 0 entries"),
        (nn.Tanh(), BATCH, "the batch has 2 entries.*put it into a network"),
    ],
)
def test_a_layer_that_is_passed_in_another_way_is_refused_with_the_line(layer: Any, batch: Any, message: str) -> None:
    with pytest.raises(SubjectTypeError, match=message):
        check_gradients(layer, batch=batch, rng=0)
