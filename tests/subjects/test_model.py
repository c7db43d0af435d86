"""Models: the names they use, parameters restored bit for bit, and errors that say what to change."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from functools import partial
from types import MappingProxyType
from typing import Any

import numpy as np
import pytest

from gradcheck import SubjectError, SubjectTypeError, check_gradients
from tests.cases import BATCH, INPUTS, Array, TanhModel, bits, verdict


def renamed(factor: float, gradient: str, parameters: str) -> Any:
    """A `TanhModel` under other names."""
    inner = TanhModel(factor)
    members = {"loss": staticmethod(inner.loss), gradient: staticmethod(inner.gradient), parameters: inner.params}
    return type("Renamed", (), members)()


@pytest.mark.parametrize("gradient", ["gradient", "gradients", "grad", "backward"])
@pytest.mark.parametrize("parameters", ["params", "parameters"])
def test_names_that_teaching_code_uses(gradient: str, parameters: str) -> None:
    assert verdict(renamed(1.0, gradient, parameters), batch=BATCH) == "pass"
    assert verdict(renamed(1.01, gradient, parameters), batch=BATCH) == "fail"


class Together(TanhModel):
    """Returns the loss and the gradients from `loss`, as a tuple or a list."""

    def __init__(self, factor: float = 1.0, pair: Callable[[Any], Any] = tuple) -> None:
        super().__init__(factor)
        self.pair = pair

    gradient = None  # type: ignore[assignment]

    def loss(self, inputs: Array, targets: Array) -> Any:
        return self.pair([super().loss(inputs, targets), TanhModel.gradient(self, inputs, targets)])


@pytest.mark.parametrize("pair", [tuple, list])
def test_loss_may_return_the_gradients_as_well(pair: Callable[[Any], Any]) -> None:
    assert verdict(Together(1.0, pair), batch=BATCH) == "pass"
    assert verdict(Together(1.01, pair), batch=BATCH) == "fail"


class Stacked:
    """Two layers in nested containers; `factor` spoils the gradient of the second weight."""

    def __init__(self, factor: float = 1.0) -> None:
        rng = np.random.default_rng(3)
        self.params = {"layers": [{"W": rng.standard_normal((3, 4))}, {"W": rng.standard_normal((4, 2))}]}
        self.factor = factor

    def loss(self, inputs: Array, targets: Array) -> Any:
        first, second = (layer["W"] for layer in self.params["layers"])
        hidden = np.tanh(inputs @ first)
        gap = hidden @ second - targets
        back = self.factor * hidden.T @ gap
        forward = inputs.T @ ((gap @ second.T) * (1 - hidden**2))
        return 0.5 * float(np.sum(gap**2)), {"layers": [{"W": forward}, {"W": back}]}


def test_nested_parameters_of_a_model() -> None:
    assert verdict(Stacked(), batch=BATCH) == "pass"
    report = check_gradients(Stacked(1.01), batch=BATCH, rng=0)
    assert {name: block.verdict.value for name, block in report.blocks.items()} == {
        "layers.0.W": "pass",
        "layers.1.W": "fail",
    }


class Line:
    """Squared distance to a line with plain numbers as parameters."""

    def __init__(self, wrong: float = 0.0) -> None:
        self.params: dict[str, Any] = {"slope": 1.5, "offset": np.float64(-0.5)}
        self.wrong = wrong

    def loss(self) -> float:
        return float((2.0 * self.params["slope"] + self.params["offset"] - 1.0) ** 2)

    def gradient(self) -> dict[str, Any]:
        gap = 2.0 * self.params["slope"] + self.params["offset"] - 1.0
        return {"slope": 4.0 * gap + self.wrong, "offset": 2.0 * gap}


def test_plain_numbers_are_changed_and_restored() -> None:
    model = Line()
    assert verdict(model) == "pass"
    assert model.params == {"slope": 1.5, "offset": -0.5}
    assert type(model.params["slope"]) is float
    assert verdict(Line(wrong=0.1)) == "fail"


def test_nested_plain_number_is_refused_with_the_remedy() -> None:
    model = TanhModel()
    model.params = {"inner": {"a": 1.5}}
    with pytest.raises(SubjectTypeError, match=r"params\['inner.a'\] is a plain number.*shape \(\)"):
        check_gradients(model, batch=BATCH, rng=0)


@pytest.mark.parametrize("mapping", [OrderedDict, MappingProxyType])
def test_any_mapping_holds_parameters(mapping: Callable[[Any], Any]) -> None:
    model, spoiled = TanhModel(), TanhModel(1.01)
    model.params, spoiled.params = mapping(model.params), mapping(spoiled.params)
    assert verdict(model, batch=BATCH) == "pass"
    assert verdict(spoiled, batch=BATCH) == "fail"


class Awkward(TanhModel):
    """Negative zeros and denormal numbers among the parameters; raises at the k-th call of `loss`."""

    def __init__(self, factor: float = 1.0, kth: int = 0, error: type[BaseException] = RuntimeError) -> None:
        super().__init__(factor)
        self.params["W"][0] = [-0.0, 5e-324]
        self.kth, self.error, self.calls = kth, error, 0

    def loss(self, inputs: Array, targets: Array) -> Any:
        self.calls += 1
        if self.calls == self.kth:
            raise self.error("at the k-th call")
        return super().loss(inputs, targets)


@pytest.mark.parametrize("factor", [1.0, 1.01])
@pytest.mark.parametrize("method", ["gradcheck", "textbook"])
def test_parameters_are_restored_bit_for_bit(factor: float, method: str) -> None:
    model = Awkward(factor)
    arrays, before = dict(model.params), bits(model.params)
    check_gradients(model, batch=BATCH, rng=0, method=method)  # type: ignore[call-overload, arg-type, unused-ignore]
    assert bits(model.params) == before
    assert all(model.params[name] is arrays[name] for name in arrays)


@pytest.mark.parametrize("kth", [1, 2, 3, 7, 15])
@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt, SystemExit, MemoryError])
def test_parameters_are_restored_when_the_loss_raises(kth: int, error: type[BaseException]) -> None:
    model = Awkward(kth=kth, error=error)
    before = bits(model.params)
    try:
        report = check_gradients(model, batch=BATCH, rng=0)
    except error:
        pass
    else:
        assert kth > 2
        assert issubclass(error, Exception)
        assert report.verdict.value != "fail"
    assert bits(model.params) == before


def test_parameters_are_restored_after_keyboard_interrupt_in_the_gradient() -> None:
    class Interrupted(TanhModel):
        def gradient(self, inputs: Array, targets: Array) -> Any:
            self.params["W"] += 1.0
            raise KeyboardInterrupt

    model = Interrupted()
    before = bits(model.params)
    with pytest.raises(KeyboardInterrupt):
        check_gradients(model, batch=BATCH, rng=0)
    assert bits(model.params) == before


def test_refused_parameters_keep_their_nan_payload() -> None:
    model = TanhModel()
    model.params["b"] = np.array([0x7FF8000000000BAD, 0], dtype=np.uint64).view(np.float64)
    before = bits(model.params)
    with pytest.raises(SubjectError, match=r"TanhModel.params\['b'\]\[0\] is nan"):
        check_gradients(model, batch=BATCH, rng=0)
    assert bits(model.params) == before


class Updating(TanhModel):
    """Takes a training step inside `loss`, in place or by binding new arrays."""

    def __init__(self, factor: float, in_place: bool) -> None:
        super().__init__(factor)
        self.in_place = in_place

    def loss(self, inputs: Array, targets: Array) -> Any:
        value = super().loss(inputs, targets)
        for name, slope in TanhModel.gradient(self, inputs, targets).items():
            if self.in_place:
                self.params[name] -= 0.1 * slope
            else:
                self.params[name] = self.params[name] - 0.1 * slope
        return value


@pytest.mark.parametrize("in_place", [True, False], ids=["in place", "new arrays"])
@pytest.mark.parametrize("factor", [1.0, 1.1], ids=["right", "wrong"])
def test_model_that_trains_inside_its_loss(in_place: bool, factor: float) -> None:
    model = Updating(factor, in_place)
    before = bits(model.params)
    report = check_gradients(model, batch=BATCH, rng=0)
    assert bits(model.params) == before
    assert report.verdict.value != ("fail" if factor == 1.0 else "pass")
    assert "GC504" in {finding.code for finding in report.findings}


def test_model_that_binds_a_new_mapping_is_restored() -> None:
    class Rebinding(TanhModel):
        def loss(self, inputs: Array, targets: Array) -> Any:
            value = super().loss(inputs, targets)
            self.params = {name: 0.9 * array for name, array in self.params.items()}
            return value

    model = Rebinding()
    before = bits(model.params)
    report = check_gradients(model, batch=BATCH, rng=0)
    assert bits(model.params) == before
    assert report.verdict.value != "fail"


def test_gradient_that_changes_the_parameters_is_reported() -> None:
    class Stepping(TanhModel):
        def gradient(self, inputs: Array, targets: Array) -> Any:
            found = super().gradient(inputs, targets)
            self.params["W"] -= 0.1 * found["W"]
            return found

    report = check_gradients(Stepping(), batch=BATCH, rng=0)
    assert report
    (finding,) = report.findings
    assert finding.code == "GC504"
    assert "Stepping.gradient() writes into" in finding.evidence
    assert "Stepping.params['W']" in finding.evidence


def test_gradient_may_be_a_callable_object() -> None:
    model, spoiled = TanhModel(), TanhModel()
    model.gradient = partial(TanhModel.gradient, model)  # type: ignore[method-assign]
    spoiled.gradient = partial(TanhModel.gradient, TanhModel(1.1))  # type: ignore[method-assign]
    spoiled.params = TanhModel().params
    assert verdict(model, batch=BATCH) == "pass"
    assert verdict(spoiled, batch=BATCH) == "fail"


def test_gradients_may_be_the_same_buffers_at_each_call() -> None:
    class Buffered(TanhModel):
        def __init__(self, factor: float) -> None:
            super().__init__(factor)
            self.buffers = {name: np.zeros_like(array) for name, array in self.params.items()}

        def gradient(self, inputs: Array, targets: Array) -> Any:
            for name, slope in super().gradient(inputs, targets).items():
                self.buffers[name][...] = slope
            return self.buffers

    assert verdict(Buffered(1.0), batch=BATCH) == "pass"
    assert verdict(Buffered(1.01), batch=BATCH) == "fail"


def test_parameters_that_share_memory_are_not_judged_apart() -> None:
    class Tied:
        """``sum(a*b)`` with b a view of a: moving one moves the other."""

        def __init__(self) -> None:
            base = np.array([1.0, 2.0, 3.0])
            self.params = {"a": base, "b": base[:]}

        def loss(self) -> float:
            return float(np.sum(self.params["a"] * self.params["b"]))

        def gradient(self) -> dict[str, Array]:
            return {"a": self.params["b"].copy(), "b": self.params["a"].copy()}

    try:
        found = verdict(Tied())
    except SubjectError as error:
        assert "memory" in str(error)  # noqa: PT017
    else:
        assert found != "fail"


def test_params_that_are_copies_are_refused_with_the_remedy() -> None:
    class Copies(TanhModel):
        @property
        def params(self) -> Any:
            return {name: array.copy() for name, array in self._params.items()}

        @params.setter
        def params(self, value: Any) -> None:
            self._params = value

    with pytest.raises(SubjectError, match=r"Copies.params\['W'\] is a new copy at each access.*return the arrays"):
        check_gradients(Copies(), batch=BATCH, rng=0)


def test_plain_numbers_that_are_copies_are_never_judged_wrong() -> None:
    class Copies(Line):
        def __init__(self) -> None:
            self.slope = 1.5

        @property
        def params(self) -> dict[str, Any]:  # type: ignore[override]
            return {"slope": self.slope}

        def loss(self) -> float:
            return self.slope**2

        def gradient(self) -> dict[str, Any]:
            return {"slope": 2 * self.slope}

    with pytest.raises(SubjectError, match=r"Copies.params\['slope'\] is a new copy"):
        check_gradients(Copies(), rng=0)


def test_read_only_parameters_are_refused_with_the_remedy() -> None:
    model = TanhModel()
    model.params["b"].flags.writeable = False
    with pytest.raises(SubjectError, match=r"TanhModel.params\['b'\] is read-only.*array.copy\(\)"):
        check_gradients(model, batch=BATCH, rng=0)


@pytest.mark.parametrize("batch", [(), BATCH[:1], (*BATCH, 3)])
def test_batch_that_does_not_fit_is_named_with_the_remedy(batch: tuple[Any, ...]) -> None:
    message = rf"TanhModel.loss\(.* cannot be called with a batch of {len(batch)}.*batch=\(X, y\)"
    with pytest.raises(SubjectTypeError, match=message):
        check_gradients(TanhModel(), batch=batch, rng=0)


def returning(result: Any) -> Any:
    class Returning(TanhModel):
        def gradient(self, inputs: Array, targets: Array) -> Any:
            found = super().gradient(inputs, targets)
            return result(found) if callable(result) else result

    return Returning()


GRADIENTS: list[tuple[Any, type[Exception], str]] = [
    (
        lambda g: {"W": g["W"]},
        SubjectError,
        "Returning.gradient\\(\\) returned gradients of 1 blocks for 2.*missing: b",
    ),
    (lambda g: {"weights": g["W"], "b": g["b"]}, SubjectError, "missing: W; unknown: weights"),
    (lambda g: {**g, "W": g["W"].T}, SubjectError, "gradient of W with shape \\(2, 3\\).*transpose"),
    (lambda g: {**g, "W": g["W"].ravel()}, SubjectError, "gradient of W with shape \\(6,\\).*reshape"),
    (lambda g: {**g, "b": g["b"].sum()}, SubjectError, "gradient of b with shape \\(\\)"),
    (None, SubjectTypeError, "Returning.gradient\\(\\) returned (a )?None.*mapping with the keys of params: W, b"),
    (lambda g: (g["W"], g["b"]), SubjectTypeError, "returned a tuple as the gradients.*mapping"),
    (lambda g: g["W"], SubjectTypeError, "returned a ndarray as the gradients.*mapping"),
]


@pytest.mark.parametrize(("result", "error", "message"), GRADIENTS)
def test_gradients_of_another_structure_are_named(result: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        check_gradients(returning(result), batch=BATCH, rng=0)


def test_gradients_of_more_than_the_parameters_do_no_harm() -> None:
    assert verdict(returning(lambda g: {"inputs": INPUTS, **g}), batch=BATCH) == "pass"
    assert verdict(returning(lambda g: {"inputs": INPUTS, **g, "b": 1.1 * g["b"]}), batch=BATCH) == "fail"


def test_model_without_gradients_is_refused_with_the_remedy() -> None:
    class Lossy(TanhModel):
        gradient = None  # type: ignore[assignment]

    with pytest.raises(SubjectTypeError, match=r"Lossy has no method gradient.*return \(loss, gradients\)"):
        check_gradients(Lossy(), batch=BATCH, rng=0)


@pytest.mark.parametrize(
    ("params", "error", "message"),
    [
        ({}, SubjectError, "TanhModel.params is empty"),
        ({"W": np.arange(3)}, SubjectTypeError, r"TanhModel.params.*'W'.* has dtype int64.*float"),
        ({"W": ["a"]}, SubjectTypeError, r"TanhModel.params\['W.0'\] is a str"),
        ([np.ones(3)], SubjectTypeError, "cannot check an object of type tests.cases.TanhModel.*mapping `params`"),
    ],
)
def test_parameters_that_cannot_be_checked_are_named(params: Any, error: type[Exception], message: str) -> None:
    model = TanhModel()
    model.params = params
    with pytest.raises(error, match=message):
        check_gradients(model, batch=BATCH, rng=0)


def test_workers_of_a_model_are_refused() -> None:
    with pytest.raises(SubjectTypeError, match=r"workers=2: TanhModel is checked in place.*leave workers out"):
        check_gradients(TanhModel(), batch=BATCH, rng=0, workers=2)


@pytest.mark.parametrize(("factor", "expected"), [(1.0, "pass"), (2.0, "fail")])
def test_float32_model(factor: float, expected: str) -> None:
    model = TanhModel(factor)
    model.params = {name: array.astype(np.float32) for name, array in model.params.items()}
    before = bits(model.params)
    assert verdict(model, batch=BATCH) == expected
    assert bits(model.params) == before


@pytest.mark.parametrize("narrow", ["none", "wide", "rounds", "refuses"])
def test_evaluations_are_the_calls_of_the_loss(narrow: str) -> None:
    """Those that find out whether a float32 model computes in float64 are counted too, also when one raises."""

    class Counting(TanhModel):
        calls = 0

        def loss(self, inputs: Array, targets: Array) -> Any:
            self.calls += 1
            if narrow == "refuses" and self.params["W"].dtype != np.float32:
                raise TypeError("float32 only")
            value = super().loss(inputs, targets)
            return np.float32(value) if narrow == "rounds" else value

    model = Counting()
    if narrow != "none":
        model.params = {name: array.astype(np.float32) for name, array in model.params.items()}
    report = check_gradients(model, batch=BATCH, rng=0)
    assert report.verdict.value == "pass"
    assert report.evaluations == model.calls
