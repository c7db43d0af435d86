"""Layers as public libraries write them: each style is read without an adapter, right and with a mistake."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest

from gradcheck import as_layer, check_gradients
from gradcheck.errors import SubjectError, SubjectTypeError
from gradcheck.nn.layer import Array

W = np.array([[0.5, -1.0, 2.0], [1.5, 0.25, -0.75]])
B = np.array([0.1, -0.2, 0.3])
X = np.array([[1.0, 2.0], [-0.5, 0.75], [0.25, -1.5], [2.0, 1.0]])
U = np.arange(12.0).reshape(4, 3) / 7 - 0.5


class Base:
    """y = x W + b; `factor` spoils the gradient of W."""

    def __init__(self, factor: float = 1.0) -> None:
        self.factor = factor
        self.W, self.b = W.copy(), B.copy()

    def forward(self, x: Array) -> Any:
        self.x = x
        return x @ self.W + self.b

    def gradients(self, d: Array) -> list[Array]:
        return [self.factor * self.x.T @ d, d.sum(axis=0)]


class ListOfTheSame(Base):
    """The list holds the arrays of the attributes, and backward returns (dx, [dW, db])."""

    def __init__(self, factor: float = 1.0) -> None:
        super().__init__(factor)
        self.params = [self.W, self.b]

    def backward(self, d: Array) -> Any:
        return d @ self.W.T, self.gradients(d)


class MappingOfTheSame(Base):
    def __init__(self, factor: float = 1.0) -> None:
        super().__init__(factor)
        self.params = {"W": self.W, "b": self.b}
        self.grads: dict[str, Array] = {}

    def backward(self, d: Array) -> Any:
        self.grads = dict(zip(self.params, self.gradients(d), strict=True))
        return d @ self.W.T


class ListFromMethod(Base):
    def parameters(self) -> list[Array]:
        return [self.W, self.b]

    def backward(self, d: Array) -> Any:
        self.grads = self.gradients(d)
        return d @ self.W.T


class TupleFromProperty(Base):
    @property
    def params(self) -> tuple[Array, Array]:
        return self.W, self.b

    @property
    def grads(self) -> Any:
        return self.dW, self.db

    def backward(self, d: Array) -> Any:
        self.dW, self.db = self.gradients(d)
        return d @ self.W.T


class ViewsInAVector(Base):
    """One vector that is stepped on; the matrix and the bias are views of it."""

    def __init__(self, factor: float = 1.0) -> None:
        super().__init__(factor)
        self.flat = np.concatenate([W.ravel(), B])
        self.W, self.b = self.flat[:6].reshape(2, 3), self.flat[6:]
        self.dW: Any = None
        self.db: Any = None

    def backward(self, d: Array) -> Any:
        self.dW, self.db = self.gradients(d)
        return d @ self.W.T


class Pairs(Base):
    """Each parameter is a mapping of its number and its gradient."""

    def __init__(self, factor: float = 1.0) -> None:
        self.factor = factor
        self.W: Any = {"val": W.copy(), "grad": 0}
        self.b: Any = {"val": B.copy(), "grad": np.zeros(3)}

    def forward(self, x: Array) -> Any:
        self.x = x
        return x @ self.W["val"] + self.b["val"]

    def backward(self, d: Array) -> Any:
        self.W["grad"], self.b["grad"] = self.gradients(d)
        return d @ self.W["val"].T


class Parameter:
    def __init__(self, value: Array) -> None:
        self.data, self.grad = value.copy(), None


class Objects(Base):
    """Each parameter is an object with its number and its gradient, and there is a list of them."""

    def __init__(self, factor: float = 1.0) -> None:
        self.factor = factor
        self.W: Any = Parameter(W)
        self.b: Any = Parameter(B)

    def parameters(self) -> list[Any]:
        return [self.W, self.b]

    def forward(self, x: Array) -> Any:
        self.x = x
        return x @ self.W.data + self.b.data

    def backward(self, d: Array) -> Any:
        self.W.grad, self.b.grad = self.gradients(d)
        return d @ self.W.data.T


class Unders(Base):
    """Private names: _w with _dw."""

    def __init__(self, factor: float = 1.0) -> None:
        self.factor = factor
        self._W, self._b = W.copy(), B.copy()

    def forward(self, x: Array) -> Any:
        self.x = x
        return x @ self._W + self._b

    def backward(self, d: Array) -> Any:
        self._dW, self._db = self.gradients(d)
        return d @ self._W.T


class LazyMapping(Base):
    """The first forward pass makes the parameters."""

    def __init__(self, factor: float = 1.0) -> None:
        self.factor = factor
        self.parameters: dict[str, Any] = {"W": None, "b": None}
        self.gradients_: dict[str, Any] = {}

    def forward(self, x: Array) -> Any:
        if self.parameters["W"] is None:
            self.parameters = {"W": W.copy(), "b": B.copy()}
        self.x = x
        return x @ self.parameters["W"] + self.parameters["b"]

    def backward(self, d: Array) -> Any:
        self.grads = dict(zip("Wb", self.gradients(d), strict=True))
        return d @ self.parameters["W"].T


class LazyAttributes(Base):
    def __init__(self, factor: float = 1.0) -> None:
        self.factor = factor
        self.W: Any = None
        self.b: Any = None
        self.x: Any = None

    def forward(self, x: Array) -> Any:
        if self.W is None:
            self.W, self.b = W.copy(), B.copy()
        return super().forward(x)

    def backward(self, d: Array) -> Any:
        self.dW, self.db = self.gradients(d)
        return d @ self.W.T


class OtherNames(Base):
    """Methods that begin with the names of the passes."""

    forward: Any = None

    def forward_pass(self, x: Array, training: bool = True) -> Any:
        self.x = x
        return x @ self.W + self.b

    def backward_pass(self, d: Array) -> Any:
        self.dW, self.db = self.gradients(d)
        return d @ self.W.T


class ReturnsNothing(Base):
    """Results are left in attributes, a mask beside them."""

    def forward(self, inputs: Array) -> None:
        self.inputs = inputs
        self.x = inputs.copy()
        self.output = inputs @ self.W + self.b
        self.mask = np.ones(self.output.shape)

    def backward(self, dvalues: Array) -> None:
        self.dW, self.db = self.gradients(dvalues)
        self.dinputs = dvalues @ self.W.T


class Trains(Base):
    """The backward pass takes a learning rate and updates the parameters."""

    def backward(self, d: Array, rate: float) -> Any:
        dx = d @ self.W.T
        dw, db = self.gradients(d)
        self.W -= rate * dw
        self.b = self.b - rate * db
        return dx


STYLES = {
    kind.__name__: kind
    for kind in (
        *(ListOfTheSame, MappingOfTheSame, ListFromMethod, TupleFromProperty, ViewsInAVector, Pairs, Objects, Unders),
        *(LazyMapping, LazyAttributes, OtherNames, ReturnsNothing, Trains),
    )
}


def read(kind: Any, factor: float = 1.0) -> Any:
    return as_layer(kind(factor), x=X)


@pytest.mark.parametrize("kind", STYLES.values(), ids=STYLES)
def test_each_style_is_read(kind: type) -> None:
    layer = read(kind)
    assert [name.strip("_") for name in layer.params] == ["W", "b"]
    for _ in range(2):
        np.testing.assert_array_equal(layer.forward(X), X @ W + B)
        np.testing.assert_array_equal(layer.backward(U), U @ W.T)
        for name, wanted in zip(layer.params, (X.T @ U, U.sum(axis=0)), strict=True):
            np.testing.assert_allclose(layer.grads[name], wanted, rtol=1e-13)


@pytest.mark.parametrize("kind", STYLES.values(), ids=STYLES)
def test_a_right_layer_of_each_style_passes_and_a_wrong_one_does_not(kind: type) -> None:
    assert check_gradients(read(kind), batch=(X,), rng=0)
    report = check_gradients(read(kind, 1.5), batch=(X,), rng=0)
    assert [block.verdict.value for block in report.blocks.values()] == ["pass", "fail", "pass"]
    assert report.findings[0].code == "GC102"
    narrow = read(kind)
    for name in tuple(narrow.params):
        if kind is not ViewsInAVector:
            narrow.params[name] = narrow.params[name].astype(np.float32)
    assert check_gradients(narrow, batch=(X.astype(np.float32),), rng=0)


@pytest.mark.parametrize("kind", STYLES.values(), ids=STYLES)
def test_copies_are_apart_and_changes_reach_the_layer(kind: type) -> None:
    layer = read(kind)
    double = copy.deepcopy(layer)
    first, second = layer.params
    layer.params[first] = 2 * W
    layer.params[second][...] = 0
    np.testing.assert_array_equal(layer.forward(X), X @ (2 * W))
    np.testing.assert_array_equal(double.forward(X), X @ W + B)


class Relu:
    params: Any = ()

    def forward(self, x: Array) -> Any:
        self.x = x
        return np.maximum(x, 0)

    def backward(self, d: Array) -> Any:
        return d * (self.x > 0), self.nothing

    nothing: Any = ()


@pytest.mark.parametrize("nothing", [[], (), {}, None], ids=repr)
def test_no_gradients_of_no_parameters_are_read(nothing: Any) -> None:
    layer = Relu()
    layer.nothing = nothing
    assert check_gradients(as_layer(layer), batch=(X,), rng=0)


class NeedsMode(Base):
    def forward(self, x: Array, training: bool) -> Any:  # type: ignore[override]
        return super().forward(x)

    def backward(self, d: Array) -> Any:
        self.dW, self.db = self.gradients(d)
        return d @ self.W.T


class NeedsTwo(Base):
    def backward(self, d: Array, rate: float, momentum: float) -> Any:
        return d @ self.W.T


class Squares(Trains):
    """What it subtracts is not proportional to the rate."""

    def backward(self, d: Array, rate: float) -> Any:
        return super().backward(d, rate**2)


class LeavesTwo(ReturnsNothing):
    def forward(self, inputs: Array) -> None:
        super().forward(inputs)
        self.first, self.second = self.output, self.output.copy()
        del self.output


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        (NeedsMode, r"forward needs training .* forward=lambda layer, x: layer\.forward\(x, training=…\)\)"),
        (NeedsTwo, r"backward needs rate, momentum .*backward=lambda layer, upstream: layer\.backward\(upstream, rate"),
        (Squares, r"backward needs rate besides the upstream gradient"),
        (LeavesTwo, r"forward returned a NoneType, and left .*first, second: .*forward=lambda layer, x: "),
        (object, r"is not a layer: it needs forward\(x\) and backward"),
    ],
)
def test_what_is_not_read_is_refused_with_the_line(kind: Any, message: str) -> None:
    with pytest.raises((SubjectTypeError, SubjectError), match=message):
        as_layer(kind(), x=X).forward(X)


def test_the_line_reads_it() -> None:
    layer = as_layer(NeedsMode(), forward=lambda layer, x: layer.forward(x, training=True), x=X)
    assert check_gradients(layer, batch=(X,), rng=0)
    assert not check_gradients(
        as_layer(NeedsMode(1.5), forward=lambda layer, x: layer.forward(x, training=True), x=X), batch=(X,), rng=0
    )
    left = as_layer(
        LeavesTwo(),
        forward=lambda layer, x: (layer.forward(x), layer.second)[1],
        backward=lambda layer, upstream: (layer.backward(upstream), layer.dinputs)[1],
        x=X,
    )
    assert check_gradients(left, batch=(X,), rng=0)


def test_a_layer_that_makes_its_parameters_later_is_not_checked_without_them() -> None:
    layer = as_layer(LazyAttributes())
    layer.forward(X)
    with pytest.raises(
        SubjectError, match=r"W, b and gradients of them are made by the passes.*as_layer\(layer, x=X\)"
    ):
        layer.backward(U)


class StaleWeights(Trains):
    """The gradient that is passed down is that of the updated weights: a mistake."""

    def backward(self, d: Array, rate: float) -> Any:
        super().backward(d, rate)
        return d @ self.W.T


def test_weights_that_are_updated_too_early_are_noticed() -> None:
    report = check_gradients(read(StaleWeights), batch=(X,), rng=0)
    assert report.blocks["x"].verdict.value == "fail"
    assert report.blocks["W"].passes


class ReturnsByName(Base):
    """Attributes alone, and backward returns (dx, {"W": dW, "db": db})."""

    def backward(self, d: Array) -> Any:
        return d @ self.W.T, dict(zip(("W", "db"), self.gradients(d), strict=True))


class ReturnsInOrder(Base):
    """Attributes alone, and backward returns (dx, [dW, db]): nothing says which array is which."""

    def backward(self, d: Array) -> Any:
        return d @ self.W.T, self.gradients(d)


class Square(ReturnsInOrder):
    """Both parameters have one shape, so that shapes do not say which is which either."""

    def __init__(self) -> None:
        super().__init__()
        self.W, self.b = np.eye(2), np.zeros((2, 2))

    def forward(self, x: Array) -> Any:
        self.x = x
        return x @ (self.W + self.b)

    def gradients(self, d: Array) -> list[Array]:
        return [self.x.T @ d, self.x.T @ d]


@pytest.mark.parametrize("factor", [1.0, 3.0])
def test_gradients_that_are_returned_by_name_say_which_attributes_are_parameters(factor: float) -> None:
    report = check_gradients(as_layer(ReturnsByName(factor), x=X), batch=(X,), rng=0)
    assert {name: block.verdict.value for name, block in report.blocks.items()} == {
        "x": "pass",
        "W": "pass" if factor == 1 else "fail",
        "b": "pass",
    }


def test_without_a_trial_run_they_are_refused_and_not_left_out() -> None:
    line = r"gradients of W, b, which are not among .*: write as_layer\(layer, params=\('W', 'b'\)\)"
    with pytest.raises(SubjectError, match=line):
        check_gradients(as_layer(ReturnsByName(3.0)), batch=(X,), rng=0)
    assert not check_gradients(as_layer(ReturnsByName(3.0), params=("W", "b")), batch=(X,), rng=0)
    # what the user has excluded stays excluded
    assert list(check_gradients(as_layer(ReturnsByName(3.0), params=("b",)), batch=(X,), rng=0).blocks) == ["x", "b"]


def test_gradients_in_order_are_refused_with_the_line_that_reads_them() -> None:
    with pytest.raises(SubjectError, match=r"^ReturnsInOrder: .* as_layer\(layer, params=\('W', 'b'\)\)$"):
        check_gradients(as_layer(ReturnsInOrder(), x=X), batch=(X,), rng=0)
    assert check_gradients(as_layer(ReturnsInOrder(), params=("W", "b")), batch=(X,), rng=0)
    with pytest.raises(SubjectError, match=r"params=\(\.\.\.\)\)$"):
        check_gradients(as_layer(Square(), x=X), batch=(X,), rng=0)


def test_messages_call_a_layer_by_its_name_and_not_by_an_address() -> None:
    class Shown(Base):
        def __repr__(self) -> str:
            return "Shown(3)"

    for layer, name in ((Base(), "Base"), (Shown(), r"Shown\(3\)"), (np.tanh, "<ufunc 'tanh'>"), (sorted, "sorted")):
        with pytest.raises(SubjectTypeError, match=rf"^{name} is not a layer"):
            as_layer(layer)


class Single:
    """y = w x with a gradient kept beside the parameter from the start; both have a single entry."""

    def __init__(self, factor: float = 1.0) -> None:
        self.factor, self.w = factor, np.array([[1.5]])
        self.dw = np.zeros_like(self.w)

    def forward(self, x: Array) -> Any:
        self.x = x
        return x @ self.w

    def backward(self, d: Array) -> Any:
        self.dw = self.factor * self.x.T @ d
        return d @ self.w.T


@pytest.mark.parametrize(("factor", "verdict"), [(1.0, "pass"), (2.0, "fail")])
def test_the_gradient_of_a_single_number_is_no_parameter(factor: float, verdict: str) -> None:
    layer = as_layer(Single(factor), x=X[:, :1])
    assert set(layer.params) == {"w"}
    assert check_gradients(layer, batch=(X[:, :1],), rng=0).verdict.value == verdict


class Descent:
    """An optimiser that a layer trains itself with in its backward pass."""

    def update(self, params: dict[str, Array], gradients: dict[str, Array], rate: float) -> None:
        for name in params:
            params[name] -= rate * gradients[name]


class TrainsMapping:
    """Parameters in a mapping, updated in the backward pass; gradients are kept nowhere."""

    factor = 1.0

    def __init__(self) -> None:
        rng = np.random.default_rng(3)
        self.params = {"W": rng.normal(size=(4, 3)), "b": rng.normal(size=(1, 3))}
        self.optimizer = Descent()

    def forward(self, x: Array, training: bool = True) -> Array:
        self.x = x
        return np.asarray(x @ self.params["W"] + self.params["b"])

    def backward(self, grads: Array, learning_rate: float) -> Array:
        found = {"W": self.factor * self.x.T @ grads, "b": grads.sum(axis=0, keepdims=True)}
        dx = grads @ self.params["W"].T
        self.optimizer.update(self.params, found, learning_rate)
        return np.asarray(dx)


class TrainsMappingWrongly(TrainsMapping):
    factor = 1.5


class TrainsInside:
    """Layers inside the layer train themselves."""

    def __init__(self, inner: type[TrainsMapping]) -> None:
        self.first, self.rest = TrainsMapping(), [inner()]

    def forward(self, x: Array) -> Array:
        return np.asarray(self.first.forward(x) + self.rest[0].forward(x))

    def backward(self, grads: Array, learning_rate: float) -> Array:
        return np.asarray(self.first.backward(grads, learning_rate) + self.rest[0].backward(grads, learning_rate))


class Centred:
    """Its gain has no gradient for an upstream gradient of ones, but for rounding."""

    def __init__(self) -> None:
        self.params = {"gain": np.array([1.0, 0.7, 1.3])}

    def forward(self, x: Array) -> Array:
        self.centred = x - x.mean(axis=0)
        return np.asarray(self.centred * self.params["gain"])

    def backward(self, grads: Array, learning_rate: float) -> Array:
        scaled = grads * self.params["gain"]
        self.params["gain"] -= learning_rate * (grads * self.centred).sum(axis=0)
        return np.asarray(scaled - scaled.mean(axis=0))


BATCH = np.random.default_rng(5).normal(size=(5, 4))


def test_parameters_in_a_mapping_that_the_backward_pass_trains_are_read() -> None:
    layer = TrainsMapping()
    before = {name: value.copy() for name, value in layer.params.items()}
    read = as_layer(layer, x=BATCH)
    assert sorted(read.params) == ["W", "b"]
    upstream = np.random.default_rng(6).normal(size=(5, 3))
    read.forward(BATCH)
    read.backward(upstream)
    assert np.allclose(read.grads["W"], BATCH.T @ upstream, rtol=1e-12)
    assert np.allclose(read.grads["b"], upstream.sum(axis=0), rtol=1e-12)
    assert all(np.array_equal(layer.params[name], value) for name, value in before.items())
    assert check_gradients(as_layer(TrainsMapping(), x=BATCH), batch=(BATCH,), rng=0)
    wrong = check_gradients(as_layer(TrainsMappingWrongly(), x=BATCH), batch=(BATCH,), rng=0)
    assert [name for name, block in wrong.blocks.items() if not block.passes] == ["W"]
    assert wrong.findings[0].slug == "constant-factor"


def test_layers_inside_a_layer_that_train_themselves_are_read() -> None:
    right = check_gradients(as_layer(TrainsInside(TrainsMapping), x=BATCH), batch=(BATCH,), rng=0)
    assert right, str(right)
    assert set(right.blocks) >= {"first.W", "first.b", "rest.0.W", "rest.0.b"}
    wrong = check_gradients(as_layer(TrainsInside(TrainsMappingWrongly), x=BATCH), batch=(BATCH,), rng=0)
    assert [name for name, block in wrong.blocks.items() if not block.passes] == ["rest.0.W"]


@pytest.mark.parametrize("seed", range(4))
def test_a_gradient_that_vanishes_for_ones_is_read_as_well(seed: int) -> None:
    x = np.random.default_rng(seed).normal(size=(6, 3))
    report = check_gradients(as_layer(Centred(), x=x), batch=(x,), rng=seed)
    assert report, str(report)
    assert "gain" in report.blocks


class WithSettings(Base):
    """What the layer was told stands among its parameters."""

    def __init__(self, factor: float = 1.0) -> None:
        self.factor = factor
        self.params: dict[str, Any] = {"W": W.copy(), "b": B.copy(), "padding": "valid", "kernel": (2, 2), "stride": 1}
        self.grads: dict[str, Array] = {}

    def forward(self, x: Array) -> Any:
        self.x = x
        return x @ self.params["W"] + self.params["b"]

    def backward(self, d: Array) -> Any:
        self.grads = {"dW": self.factor * self.x.T @ d, "db": d.sum(axis=0)}
        return d @ self.params["W"].T


@pytest.mark.parametrize("factor", [1.0, 1.5])
def test_settings_among_the_parameters_are_left_alone(factor: float) -> None:
    layer = WithSettings(factor)
    report = check_gradients(as_layer(layer, x=X), batch=(X,), rng=0)
    assert sorted(report.blocks) == ["W", "b", "x"]
    assert [name for name, block in report.blocks.items() if not block.passes] == ([] if factor == 1.0 else ["W"])
    assert (layer.params["padding"], layer.params["kernel"], layer.params["stride"]) == ("valid", (2, 2), 1)
