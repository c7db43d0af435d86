"""The report of the check, and rejected arguments."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gradcheck
from gradcheck import nn
from gradcheck.errors import GradcheckError, SubjectError, SubjectTypeError
from tests.training.optimisers.right import NUMBERS, Array, State, adam_config, adam_tuple
from tests.training.optimisers.test_mistakes import checked
from tests.training.optimisers.wrong import rule_of


def test_the_first_difference_is_the_one_computed_by_hand() -> None:
    """Momentum whose velocity is lost from the third step on: the change there is that of the gradient alone."""
    calls, first = {"n": 0}, dict[str, Array]()

    def momentum(w: Array, dw: Array, state: State) -> None:
        calls["n"] += 1
        before = state.get("v", np.zeros_like(w))
        state["v"] = (0.85 * before if calls["n"] < 3 else 0.0) + dw
        if calls["n"] == 3:
            first.update(lost=before, grad=dw.copy())
        w -= 0.03 * state["v"]

    w = np.random.default_rng(0).normal(size=(3, 3))
    report = gradcheck.check_optimiser(momentum, params=w, each=True, rng=5, rate=0.03, momentum=0.85)
    assert (report.step, report.block) == (3, "w")
    assert report.entry is not None
    grad, lost = first["grad"][report.entry], first["lost"][report.entry]
    assert report.change == pytest.approx(-0.03 * grad, rel=1e-9)
    assert report.expected == pytest.approx(-0.03 * (0.85 * lost + grad), rel=1e-9)
    assert report.ratio == pytest.approx(grad / (0.85 * lost + grad), rel=1e-9)
    assert report.mistake is None
    assert "No known mistake explains this" in str(report)


def test_the_average_of_the_forum_post_sums_to_nine() -> None:
    """Both weights are 0.9, so steps are a third of the right ones where ε is negligible."""

    def rmsprop(w: Array, dw: Array, state: State) -> None:
        state["s"] = 0.9 * state.get("s", 0.0) + (1 - 0.1) * np.square(dw)
        w -= 0.01 * dw / (np.sqrt(state["s"]) + 10e-10)

    report = gradcheck.check_optimiser(rmsprop, each=True, rate=0.01, decay=0.9, eps=1e-9, rng=0)
    assert report.verdict.value == "fail"
    assert (report.mistake, report.term) == ("biased-average", "the weights of the average")
    assert "sum to 9)" in report.message
    assert report.step == 1
    assert report.ratio == pytest.approx(1 / 3, rel=1e-3)


def test_two_mistakes_at_once_are_both_named() -> None:
    changes = "0.003 * mh / (np.sqrt(vh) + 1e-7) || params[k] -=", "0.003 * m / np.sqrt(v + 1e-7) || params[k] +="
    assert checked("Adam", *changes).mistake is None  # three are too many
    report = checked("Adam", changes[0].split(" || ")[0], changes[1].split(" || ")[0])
    assert report.mistake == "bias-correction-missing + epsilon-place"
    report = checked("RMSProp", "np.sqrt(s) || params[k] -=", "s || params[k] +=")
    assert report.mistake == "sign-flipped + root-missing"


def test_indistinguishable_mistakes_are_listed_together() -> None:
    report = checked("Momentum", "self.v[k] = v", "pass")
    assert report.mistake == "average-not-carried"
    assert any(also.startswith("state-reset") for also in report.also)
    assert "Equally possible explanations: state-reset" in str(report)


def test_a_convention_may_be_accepted() -> None:
    inside = "(np.sqrt(s) + 1e-7)", "np.sqrt(s + 1e-7)"
    report = checked("RMSProp", *inside)
    assert not report
    assert "TensorFlow" in report.fix
    assert report.message == "ε is added in another place (inside the root)"
    report = checked("RMSProp", *inside, accept="epsilon-place")
    assert report
    assert report.mistake == "epsilon-place"
    assert report.notes == ("Accepted: epsilon-place.",)
    assert not checked("RMSProp", "0.05 * g**2", "g**2", accept="epsilon-place")


def test_a_mistake_is_named_with_fitted_hyperparameters() -> None:
    for changes, slug in (
        (("(np.sqrt(vh) + 1e-7)", "np.sqrt(vh + 1e-7)"), "epsilon-place"),
        (("0.003 * mh / (np.sqrt(vh)", "0.003 * m / (np.sqrt(v)"), "bias-correction-missing"),
    ):
        report = gradcheck.check_optimiser(rule_of("Adam", *changes), rng=0)
        assert report.mistake == slug, str(report)
        assert set(report.fitted) == set(NUMBERS["Adam"])
        assert report.hyperparameters == pytest.approx(NUMBERS["Adam"], rel=1e-5)


def test_an_unexplained_rule_without_hyperparameters_is_undecided() -> None:
    rule = rule_of("RMSProp", "np.sqrt(s)", "s**0.4")
    report = gradcheck.check_optimiser(rule, rng=0)
    assert report.verdict.value == "undecided"
    assert report.mistake is None
    assert "Pass the hyperparameters that you know: rate, decay, eps" in report.fix
    assert checked("RMSProp", "np.sqrt(s)", "s**0.4").verdict.value == "fail"


def test_a_given_hyperparameter_that_the_rule_does_not_use_is_found() -> None:
    report = gradcheck.check_optimiser(nn.RMSProp(0.03, decay=0.9), rng=0, rate=0.03, decay=0.99, eps=1e-8)
    assert report.mistake == "another-number"
    assert "decay is 0.9 where 0.99 was given" in report.message


def test_a_report_is_complete_and_reproduced_by_its_seed() -> None:
    first = checked("Adam", "0.2 * g", "g")
    again = gradcheck.check_optimiser(
        nn.Adam(**NUMBERS["Adam"]),
        rng=first.seed,
        **NUMBERS["Adam"],  # type: ignore[arg-type]
    )
    assert again.seed == first.seed
    assert repr(first).startswith("<OptimiserReport fail: Adam against Adam(rate=0.003")
    text = str(first)
    assert text.startswith("FAIL  Adam against Adam(rate=0.003, beta1=0.8, beta2=0.99, eps=1e-07)")
    assert f"First difference at step {first.step}, {first.where}: changed by" in text
    assert text.endswith("60 steps, float64; reproduce with rng=0")
    assert str(checked("Adam", "0.2 * g", "g")) == text
    assert bool(again)
    assert not first


def test_objects_of_the_user_are_not_changed() -> None:
    optimiser, params = nn.Adam(), {"a": np.ones(3)}
    state: State = {"learning_rate": 3e-3}
    gradcheck.check_optimiser(optimiser, params=params, rng=0)
    gradcheck.check_optimiser(adam_config, each=True, params=params["a"], state=state, rng=0)
    np.testing.assert_array_equal(params["a"], np.ones(3))
    assert optimiser.steps == 0
    assert state == {"learning_rate": 3e-3}


def test_a_rule_that_changes_its_gradients_is_noted() -> None:
    def sgd(w: Array, dw: Array) -> None:
        dw *= 0.1
        w -= dw

    report = gradcheck.check_optimiser(sgd, each=True, rate=0.1, rng=0)
    assert report
    assert report.notes == ("The rule changes the gradients that it is given.",)


def test_a_rule_for_one_array_is_called_with_each_alone() -> None:
    seen: list[tuple[int, ...]] = []

    def sgd(w: Array, dw: Array) -> Array:
        seen.append(w.shape)
        return w - 0.1 * dw

    params = [np.zeros((2, 3)), np.zeros(4), np.array(1.0)]
    assert gradcheck.check_optimiser(sgd, each=True, params=params, rate=0.1, rng=0)
    assert seen[:3] == [(2, 3), (4,), ()]


class TorchLike:
    def __init__(self) -> None:
        self.param_groups: list[Any] = []

    def step(self) -> None:
        pass


def given(w: Array, dw: Array) -> Any:
    return w - dw


REFUSED: dict[str, tuple[Callable[[], Any], type[Exception], str]] = {
    "a class": (lambda: gradcheck.check_optimiser(nn.Adam), SubjectTypeError, r"Adam is a class: .* Adam\(…\)"),
    "PyTorch": (lambda: gradcheck.check_optimiser(TorchLike(), "SGD"), SubjectTypeError, r"step\(params, grads\)"),
    "a number": (lambda: gradcheck.check_optimiser(3, "SGD"), SubjectTypeError, "int is not an update rule"),
    "no name": (
        lambda: gradcheck.check_optimiser(given),
        SubjectError,
        "does not say which rule it is: pass reference=",
    ),
    "no reference": (lambda: gradcheck.check_optimiser(given, "Adm"), SubjectError, "did you mean 'Adam'"),
    "a reference": (lambda: gradcheck.check_optimiser(given, 3), SubjectTypeError, "reference is a int"),
    "a hyperparameter": (
        lambda: gradcheck.check_optimiser(given, "SGD", lr=0.1),
        SubjectError,
        "SGD has no hyperparameter 'lr', did you mean 'rate'",
    ),
    "a word": (
        lambda: gradcheck.check_optimiser(given, "SGD", rate="fast"),  # type: ignore[arg-type]
        SubjectTypeError,
        "rate is 'fast': pass a number",
    ),
    "an impossible number": (
        lambda: gradcheck.check_optimiser(given, "Adam", beta1=1.0),
        SubjectError,
        "Adam: beta1 must be at least 0 and less than 1, got 1.0",
    ),
    "a number twice": (
        lambda: gradcheck.check_optimiser(given, nn.SGD(0.1), rate=0.2),
        SubjectError,
        "rate is given twice",
    ),
    "integers": (
        lambda: gradcheck.check_optimiser(given, "SGD", params={"a": np.arange(3)}),
        SubjectTypeError,
        "params: a holds int64: pass arrays of float64 or float32",
    ),
    "nothing": (lambda: gradcheck.check_optimiser(given, "SGD", params={}), SubjectError, "params is empty"),
    "two types": (
        lambda: gradcheck.check_optimiser(given, "SGD", params=[np.ones(2), np.ones(2, np.float32)]),
        SubjectError,
        "float32 and float64: pass arrays of one type",
    ),
    "a state": (
        lambda: gradcheck.check_optimiser(adam_tuple, "Adam", each=True, state=3),  # type: ignore[arg-type]
        SubjectTypeError,
        "state is a int: pass a dict, or a tuple",
    ),
    "too few values": (
        lambda: gradcheck.check_optimiser(lambda w, dw, m: w, "SGD", each=True, state=(0.0,)),
        SubjectError,
        "with state= it must return a tuple of the parameters and 1 values",
    ),
    "no values": (
        lambda: gradcheck.check_optimiser(lambda w, dw, m: None, "SGD", each=True, state=(0.0,)),
        SubjectError,
        "returned None",
    ),
    "a shape": (
        lambda: gradcheck.check_optimiser(lambda w, dw: w.ravel(), "SGD", each=True),
        SubjectError,
        r"changed the shape of w1 from \(5, 4\) to \(20,\)",
    ),
    "names": (
        lambda: gradcheck.check_optimiser(lambda w, dw: {"w1": w["w1"]}, "SGD"),
        SubjectError,
        "it must return the parameters, nested as they were passed",
    ),
    "accept": (
        lambda: gradcheck.check_optimiser(given, "SGD", accept="eps"),
        SubjectError,
        "accept: no 'eps'; there are nothing-changed",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_bad_input_is_rejected_with_what_to_do(name: str) -> None:
    run, error, message = REFUSED[name]
    with pytest.raises(error, match=message) as raised:
        run()
    assert isinstance(raised.value, GradcheckError)


def test_exceptions_of_a_rule_are_passed_on_with_a_hint() -> None:
    with pytest.raises(TypeError) as raised:
        gradcheck.check_optimiser(given, "SGD")
    assert "each=True" in raised.value.__notes__[0]

    def broken(w: Array, dw: Array) -> Array:
        raise ZeroDivisionError("of mine")

    with pytest.raises(ZeroDivisionError, match="of mine"):
        gradcheck.check_optimiser(broken, "SGD", each=True)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("sgd", "SGD"),
        ("sgd_with_momentum", "Momentum"),
        ("NAGOptimizer", "Nesterov"),
        ("RMSprop_update", "RMSProp"),
        ("Adam", "Adam"),
        ("my_adamw", "AdamW"),
        ("iRpropMinus", "IRpropMinus"),
        ("rprop_step", "IRpropMinus"),
        ("Adagrad", "AdaGrad"),
        ("gradient_descent", "SGD"),
    ],
)
def test_the_reference_is_read_from_the_name_of_the_rule(name: str, kind: str) -> None:
    rule = type(name, (), {"step": lambda self, params, grads: None})()
    assert gradcheck.check_optimiser(rule, rng=0, **NUMBERS[kind]).reference.startswith(f"{kind}(")  # type: ignore[arg-type]
