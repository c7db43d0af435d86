"""What is checked and what is not: `wrt`, values that are not floats, gradients that are None or missing."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gradcheck import SubjectError, SubjectTypeError, as_subject, assert_gradients, check_gradients, nn
from gradcheck.subjects.selection import chosen_names
from gradcheck.testing.pytest_plugin.fixture import Gradients
from tests.cases import BATCH, Array, TanhModel, bits, logcosh

ONE, TWO = np.linspace(-1.0, 2.0, 7), np.array([0.25, 0.75, -1.25])
POINT: dict[str, Any] = {"layers": [{"W": ONE}, {"W": TWO, "b": 0.5}], "scale": 1.5}


def total(p: Any) -> float:
    first, second = p["layers"]
    return logcosh(first["W"]) + logcosh(second["W"]) + logcosh(second["b"]) + logcosh(p["scale"])


def gradient(p: Any, wrong: str = "") -> Any:
    def times(name: str) -> float:
        return 1.1 if name == wrong else 1.0

    first, second = p["layers"]
    return {
        "layers": [
            {"W": times("layers.0.W") * np.tanh(first["W"])},
            {"W": times("layers.1.W") * np.tanh(second["W"]), "b": np.tanh(second["b"])},
        ],
        "scale": times("scale") * np.tanh(p["scale"]),
    }


@pytest.mark.parametrize(
    ("wrt", "names"),
    [
        ("scale", ["scale"]),
        ("layers.1", ["layers.1.W", "layers.1.b"]),
        (["layers.0.W", "scale"], ["layers.0.W", "scale"]),
        (iter(("layers",)), ["layers.0.W", "layers.1.W", "layers.1.b"]),
    ],
)
def test_only_what_wrt_names_is_checked_and_the_others_are_listed(wrt: Any, names: list[str]) -> None:
    report = check_gradients(total, lambda p: gradient(p, "layers.1.W"), POINT, wrt=wrt, rng=0)
    assert list(report.blocks) == names
    assert report.verdict.value == ("fail" if "layers.1.W" in names else "pass")
    others = [name for name in ("layers.0.W", "layers.1.W", "layers.1.b", "scale") if name not in names]
    (note,) = report.notes
    assert note.endswith(f"wrt does not name them: {', '.join(others)}")
    assert note in str(report)
    assert note in report._repr_html_()


def test_what_is_not_chosen_needs_no_gradient() -> None:
    for claim in ({"scale": 1.0}, {"scale": 1.0, "layers": None}, 1.0):

        def found(p: Any, claim: Any = claim) -> Any:
            exact = np.tanh(p["scale"])
            return {**claim, "scale": exact} if isinstance(claim, dict) else np.asarray(exact)

        assert check_gradients(total, found, POINT, wrt="scale", rng=0)
        assert not check_gradients(total, lambda p: {"scale": 2 * np.tanh(p["scale"])}, POINT, wrt="scale", rng=0)


def test_parameters_of_models_and_networks_are_chosen_too() -> None:
    model = TanhModel(1.1)
    before = bits(model.params)
    assert check_gradients(model, batch=BATCH, wrt="b", rng=0)
    assert not check_gradients(model, batch=BATCH, wrt=("W",), rng=0)
    assert bits(model.params) == before
    network = nn.Network([nn.Dense(3, 4, rng=0), nn.Dense(4, 2, rng=1)], nn.MeanSquaredError())
    report = assert_gradients(network, batch=BATCH, wrt="layers.1", rng=0)
    assert list(report.blocks) == ["layers.1.W", "layers.1.b"]
    assert Gradients().assert_gradients(network, batch=BATCH, wrt="layers.0.b", rng=0).blocks.keys() == {"layers.0.b"}


def test_a_faulty_layer_is_named_although_only_an_earlier_one_is_chosen() -> None:
    class Wrong(nn.Tanh):
        def backward(self, upstream: Array) -> Array:
            return -super().backward(upstream)

    network = nn.Network([nn.Dense(3, 2, rng=0), Wrong(), nn.Dense(2, 2, rng=1)], nn.MeanSquaredError())
    report = check_gradients(network, batch=BATCH, wrt="layers.0", rng=0)
    assert report.findings[0].where.startswith("layers.1 (Wrong)")
    assert check_gradients(network, batch=BATCH, wrt="layers.2", rng=0)


def test_narrow_parameters_beside_chosen_ones_are_widened_with_them() -> None:
    point = {"W": ONE.astype(np.float32), "b": TWO.astype(np.float32)}

    def claim(factor: float) -> Any:
        return lambda p: {"W": factor * np.tanh(p["W"])}

    def loss(p: Any) -> Any:
        return np.sum(np.log(np.cosh(p["W"]))) + np.sum(p["b"])

    assert check_gradients(loss, claim(1.0), point, wrt="W", rng=0, rtol=1e-4)
    assert not check_gradients(loss, claim(1.001), point, wrt="W", rng=0, rtol=1e-4)


@pytest.mark.parametrize(
    ("wrt", "error", "message"),
    [
        ("scales", SubjectError, "wrt has 'scales'.*the parameters are layers.0.W, .*did you mean 'scale'"),
        ("layers.2", SubjectError, "wrt has 'layers.2', which is not a parameter"),
        ("layer", SubjectError, "wrt has 'layer'"),
        ((), SubjectError, "wrt is empty"),
        (3, SubjectTypeError, "wrt is 3: pass names"),
        ([1], SubjectTypeError, r"wrt is \[1\]: pass names"),
    ],
)
def test_an_unknown_name_is_refused_with_the_known_ones(wrt: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        check_gradients(total, gradient, POINT, wrt=wrt, rng=0)


def test_wrt_belongs_to_what_a_subject_is_made_of() -> None:
    subject = as_subject(total, gradient, POINT, wrt="scale")
    assert [block.name for block in subject.blocks] == ["scale"]
    with pytest.raises(SubjectTypeError, match="pass it to as_subject"):
        check_gradients(subject, wrt="scale")


def test_names_are_chosen_whole_or_by_whole_keys() -> None:
    names = ["W", "W1", "['a.b']", "['a']['b']"]
    assert chosen_names(names, "W") == ["W"]
    assert chosen_names(names, "['a']") == ["['a']['b']"]
    assert chosen_names(names, None) == names


MIXED: dict[str, Any] = {"W": ONE, "power": 2, "flag": True, "table": np.arange(3), "bias": None, "kind": "tanh"}
LISTED = "power (int), flag (bool), table (int64), bias (None), kind (str)"


def powers(p: Any) -> Any:
    assert p["power"] == 2
    assert p["flag"] is True
    assert p["bias"] is None
    return logcosh(p["W"]) * p["power"] + float(p["table"].sum())


@pytest.mark.parametrize(("factor", "expected"), [(2.0, "pass"), (2.1, "fail")])
@pytest.mark.parametrize("more", [{}, {"power": 1.0, "table": np.zeros(3), "bias": None}])
def test_what_is_no_float_is_left_alone_and_listed(factor: float, expected: str, more: Any) -> None:
    report = check_gradients(powers, lambda p: {"W": factor * np.tanh(p["W"]), **more}, MIXED, rng=0)
    assert report.verdict.value == expected
    assert any(LISTED in note for note in report.notes)
    assert list(report.blocks) == ["W"]
    with pytest.raises(SubjectTypeError, match=r"x0\['power'\] has dtype int64"):
        check_gradients(powers, lambda p: p, MIXED, wrt=("W", "power"), rng=0)


def test_a_model_may_hold_what_is_no_float() -> None:
    class Mixed(TanhModel):
        def __init__(self, factor: float = 1.0) -> None:
            super().__init__(factor)
            self.params |= {"steps": 3, "seen": np.arange(2)}

        def loss(self, *batch: Any) -> Any:
            self.params["seen"] += 1
            return super().loss(*batch)

    model = Mixed()
    report = check_gradients(model, batch=BATCH, rng=0)
    assert report
    assert "Mixed.params['seen']" in report.findings[0].evidence
    assert "steps (int), seen (int64)" in report.notes[-1]
    assert model.params["seen"].tolist() == [0, 1]
    assert check_gradients(Mixed(1.1), batch=BATCH, rng=0).verdict.value == "fail"


def test_none_claims_that_a_gradient_is_zero() -> None:
    point = {"W": ONE, "b": TWO}

    def claim(p: Any) -> Any:
        return {"W": np.tanh(p["W"]), "b": None}

    report = check_gradients(lambda p: logcosh(p["W"]), claim, point, rng=0)
    assert report
    assert report.notes == ("b: the gradient is None, which claims that it is zero",)
    report = check_gradients(lambda p: logcosh(p["W"]) + logcosh(p["b"]), claim, point, rng=0)
    assert {name: block.verdict.value for name, block in report.blocks.items()} == {"W": "pass", "b": "fail"}


def test_none_in_place_of_a_nesting_claims_that_all_of_it_is_zero() -> None:
    def claim(p: Any) -> Any:
        return {"layers": None, "scale": np.tanh(p["scale"])}

    assert check_gradients(lambda p: logcosh(p["scale"]), claim, POINT, rng=0)
    report = check_gradients(total, claim, POINT, rng=0)
    assert [block.verdict.value for block in report.blocks.values()] == ["fail", "fail", "fail", "pass"]


def test_a_missing_gradient_is_an_error_that_names_wrt() -> None:
    with pytest.raises(SubjectError, match=r"missing: scale.*pass wrt=\['layers.0.W', .*None as the gradient"):
        check_gradients(total, lambda p: {"layers": gradient(p)["layers"]}, POINT, rng=0)

    class Half(TanhModel):
        def gradient(self, *batch: Any) -> Any:
            return {"W": super().gradient(*batch)["W"]}

    with pytest.raises(SubjectError, match=r"Half.gradient\(\) returned .*missing: b.*pass wrt=\['W'\]"):
        check_gradients(Half(), batch=BATCH, rng=0)
    assert check_gradients(Half(), batch=BATCH, wrt="W", rng=0)
