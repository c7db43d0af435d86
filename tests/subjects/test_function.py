"""Functions with their gradients: what they may return, and what happens when they raise or write."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest

from gradcheck import SubjectError, SubjectTypeError, as_subject, check_gradients
from tests.cases import Array, SoftmaxRegression, codes, logcosh, verdict

X = np.array([0.5, -1.25, 2.0, 0.75])
CASE = SoftmaxRegression()


class Callable_:
    """A callable object without a `__name__`, as compiled functions are."""

    def __init__(self, factor: float = 1.0) -> None:
        self.factor = factor

    def __call__(self, x: Array) -> Array:
        return self.factor * np.tanh(x)


class Buffered:
    """Writes the gradient into the same array at each call."""

    def __init__(self, factor: float) -> None:
        self.factor, self.buffer = factor, np.empty(4)

    def __call__(self, x: Array) -> Array:
        np.multiply(self.factor, np.tanh(x), out=self.buffer)
        return self.buffer


@pytest.mark.parametrize("make", [Callable_, Buffered, lambda f: partial(np.multiply, f)])
def test_gradient_may_be_any_callable(make: Callable[[float], Any]) -> None:
    loss = logcosh if make in (Callable_, Buffered) else (lambda x: 0.5 * float(x @ x))
    assert verdict(loss, make(1.0), X) == "pass"
    assert verdict(loss, make(1.01), X) == "fail"


def test_gradient_may_return_its_own_argument() -> None:
    assert verdict(lambda x: 0.5 * float(x @ x), lambda x: x, X) == "pass"
    assert verdict(lambda x: 0.6 * float(x @ x), lambda x: x, X) == "fail"


@pytest.mark.parametrize("wrap", [float, np.array, np.float32, lambda v: np.array([[v]]), lambda v: np.array([v])])
def test_loss_may_be_any_single_number(wrap: Callable[[float], Any]) -> None:
    tolerance = {"rtol": 1e-2} if wrap is np.float32 else {}
    assert verdict(lambda x: wrap(logcosh(x)), np.tanh, X, **tolerance) == "pass"
    assert verdict(lambda x: wrap(logcosh(x)), lambda x: 1.1 * np.tanh(x), X, **tolerance) == "fail"


def test_mutated_argument_is_reported_and_the_point_stays() -> None:
    def loss(x: Array) -> float:
        x *= 2
        return float(np.sum(x**2))

    x0 = X.copy()
    report = check_gradients(loss, lambda x: 8 * x, x0, rng=0)
    assert report
    (finding,) = report.findings
    assert (finding.code, finding.slug) == ("GC504", "mutates-input")
    assert "loss() writes into its argument x" in finding.evidence
    np.testing.assert_array_equal(x0, X)
    assert verdict(loss, lambda x: 2 * x, x0) == "fail"


def test_mutation_by_the_gradient_is_reported() -> None:
    def gradient(x: Array) -> Array:
        x *= 2
        return x

    assert codes(lambda x: float(np.sum(x**2)), gradient, X) == {"GC504"}
    assert codes(lambda x: float(np.sum(x**2)), lambda x: x * 2, X) == set()


def test_nested_mutation_names_the_block_and_the_arrays_stay() -> None:
    def loss(p: dict[str, Array]) -> float:
        value = CASE.loss(p)
        p["b"] -= 1.0
        return value

    x0 = {key: value.copy() for key, value in CASE.start.items()}
    report = check_gradients(loss, CASE.gradient, x0, rng=0)
    assert report
    assert "its argument b" in report.findings[0].evidence
    assert all(np.array_equal(x0[key], CASE.start[key]) for key in x0)


def test_changes_of_the_nesting_do_not_reach_the_user() -> None:
    def loss(p: dict[str, Array]) -> float:
        value = CASE.loss(p)
        p.clear()
        return value

    x0 = dict(CASE.start)
    assert verdict(loss, CASE.gradient, x0) == "pass"
    assert list(x0) == ["W", "b"]


class Oops(Exception):
    pass


def oops(*_: Any) -> Any:
    raise Oops("of the user")


@pytest.mark.parametrize(("fun", "grad"), [(oops, np.tanh), (logcosh, oops), (oops, True)])
def test_exception_of_the_user_passes_through(fun: Any, grad: Any) -> None:
    with pytest.raises(Oops, match="of the user"):
        check_gradients(fun, grad, X, rng=0)


@pytest.mark.parametrize("kth", [1, 2, 5, 15])
def test_keyboard_interrupt_passes_through(kth: int) -> None:
    calls = 0

    def loss(x: Array) -> float:
        nonlocal calls
        calls += 1
        if calls == kth:
            raise KeyboardInterrupt
        return logcosh(x)

    with pytest.raises(KeyboardInterrupt):
        check_gradients(loss, np.tanh, X, rng=0)


@pytest.mark.parametrize("kth", [4, 8, 15])
def test_one_failing_evaluation_makes_no_right_gradient_wrong(kth: int) -> None:
    def failing(k: int) -> Callable[[Array], float]:
        calls = iter(range(1, 100_000))

        def loss(x: Array) -> float:
            if next(calls) == k:
                raise Oops
            return logcosh(x)

        return loss

    assert verdict(failing(kth), np.tanh, X) != "fail"
    assert verdict(failing(kth), lambda x: 1.1 * np.tanh(x), X) != "pass"


STRUCTURES: list[tuple[Any, str]] = [
    (lambda p: {"W": p["W"]}, "missing: b.*pass wrt=\\['W'\\]"),
    (lambda p: {**p, "c": p["b"]}, "unknown: c"),
    (lambda p: {"W": p["W"], "bias": p["b"]}, "missing: b; unknown: bias"),
    (lambda p: [p["W"], p["b"]], "missing: W, b; unknown: 0, 1"),
    (lambda p: p["W"], "missing: W, b"),
    (lambda p: {"W": p["W"], "b": {"x": p["b"]}}, "missing: b; unknown: b.x"),
    (lambda p: {"W": p["W"].T, "b": p["b"]}, "gradient of W with shape \\(3, 4\\).*shape \\(4, 3\\): transpose"),
    (lambda p: {"W": p["W"].ravel(), "b": p["b"]}, "gradient of W with shape \\(12,\\).*reshape"),
    (lambda p: {"W": p["W"], "b": p["b"][:2]}, "gradient of b with shape \\(2,\\).*shape \\(3,\\)"),
    (lambda p: {"W": p["W"], "b": p["b"] + 1j}, "gradient of b as complex.*\\.real"),
    (lambda p: {"W": p["W"], "b": "b"}, "gradient of b as a str"),
    (lambda p: {"W": p["W"], "b": p["b"].astype(object)}, "gradient of b"),
    (lambda p: None, "None instead of the gradient.*return"),
]


@pytest.mark.parametrize(("grad", "message"), STRUCTURES)
def test_gradient_of_another_structure_names_the_block(grad: Any, message: str) -> None:
    with pytest.raises((SubjectError, SubjectTypeError), match=message):
        check_gradients(CASE.loss, grad, CASE.start, rng=0)


@pytest.mark.parametrize(
    ("gradient", "message"),
    [
        (lambda x: x[:3], "shape \\(3,\\).*shape \\(4,\\)"),
        (lambda x: x.reshape(2, 2), "shape \\(2, 2\\).*reshape"),
        (lambda x: 1.0, "shape \\(\\).*shape \\(4,\\)"),
        (lambda x: {"x": x}, "as a dict"),
        (lambda x: (1.0, x), "gradient of x"),
        (lambda x: None, "None instead of the gradient"),
    ],
)
def test_gradient_of_an_array_must_be_such_an_array(gradient: Any, message: str) -> None:
    with pytest.raises((SubjectError, SubjectTypeError), match=message):
        check_gradients(logcosh, gradient, X, rng=0)


def test_gradient_may_have_its_keys_in_another_order() -> None:
    def swapped(p: dict[str, Array]) -> dict[str, Array]:
        found = CASE.gradient(p)
        return {"b": found["b"], "W": found["W"]}

    assert verdict(CASE.loss, swapped, CASE.start) == "pass"


@pytest.mark.parametrize(
    ("result", "message"),
    [
        (np.ones(4), "loss\\(\\) returned an array of shape \\(4,\\).*check_jacobian"),
        (np.ones(0), "loss\\(\\) returned an array of shape \\(0,\\)"),
        (1 + 1j, "loss\\(\\) returned a complex.*\\.real"),
        (None, "loss\\(\\) returned None.*`return`"),
        ((1.0, np.ones(4)), "loss\\(\\) returned a tuple of 2.*grad=True"),
        ([1.0], "loss\\(\\) returned a list of 1"),
        ("1.0", "loss\\(\\) returned a str.*one real number"),
        ({}, "loss\\(\\) returned a dict.*one real number"),
    ],
)
def test_loss_that_is_no_number_is_named_with_the_remedy(result: Any, message: str) -> None:
    def loss(_: Array) -> Any:
        return result

    loss.__qualname__ = "loss"
    with pytest.raises(SubjectTypeError, match=message):
        check_gradients(loss, np.tanh, X, rng=0)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_loss_that_is_not_finite_at_the_point_is_an_error(value: float) -> None:
    with pytest.raises(SubjectError, match=f"the loss is {value} at the point given.*finite"):
        check_gradients(lambda x: value, np.tanh, X, rng=0)


def test_loss_that_turns_into_an_array_away_from_the_point_is_an_error() -> None:
    with pytest.raises(SubjectTypeError, match="array of shape"):
        check_gradients(lambda x: logcosh(x) if np.array_equal(x, X) else x, np.tanh, X, rng=0)


@pytest.mark.parametrize("result", [logcosh, 3.0, (1.0, np.ones(4), 2)], ids=["function", "one number", "three things"])
def test_grad_true_needs_the_pair(result: Any) -> None:
    with pytest.raises(SubjectTypeError, match=r"with grad=True it must return the pair \(loss, gradient\)"):
        check_gradients(lambda x: result, True, X, rng=0)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_gradient_that_is_not_finite_fails_and_names_the_block(bad: float) -> None:
    report = check_gradients(CASE.loss, CASE.spoiled("b", lambda g: g * [1.0, bad, 1.0]), CASE.start, rng=0)
    (finding,) = (f for f in report.findings if f.code == "GC502")
    assert finding.slug == "not-finite"
    assert finding.where == "b"
    assert "1 of 3" in finding.evidence
    assert "[1]" in finding.evidence
    assert [block.verdict.value for block in report.blocks.values()] == ["pass", "fail"]


def test_every_block_that_is_not_finite_is_named() -> None:
    report = check_gradients(CASE.loss, lambda p: {k: v * np.nan for k, v in p.items()}, CASE.start, rng=0)
    text = str(report)
    assert {finding.where for finding in report.findings if finding.code == "GC502"} == {"W", "b"}, text


@pytest.mark.parametrize(("factor", "expected"), [(1.0, "pass"), (1.1, "fail")])
@pytest.mark.parametrize("width", [1e-2, 1e-3])
def test_an_exception_at_a_probe_leaves_narrow_parameters_in_float64(
    factor: float, expected: str, width: float
) -> None:
    """A step that leaves the domain must not make all later evaluations as coarse as float32."""
    found = []
    for seed in range(8):
        x0 = np.random.default_rng(seed).standard_normal(12).astype(np.float32)

        def loss(x: Array, x0: Array = x0) -> float:
            if (np.abs(x - x0) > width * np.abs(x0)).any():
                raise ValueError("outside of the domain")
            return float(np.exp(np.sin(3 * x)).sum())

        def gradient(x: Array) -> Array:
            return np.asarray(factor * 3 * np.cos(3 * x) * np.exp(np.sin(3 * x)))

        found.append(check_gradients(loss, gradient, x0, rng=seed).verdict.value)
    assert found == [expected] * 8


def test_a_function_that_refuses_float64_is_evaluated_in_its_own_type() -> None:
    seen = set()

    def loss(x: Array) -> Any:
        if x.dtype != np.float32:
            raise TypeError("float32 only")
        seen.add(str(x.dtype))
        return np.float32(0.5) * (x @ x)

    assert verdict(loss, lambda x: x, X.astype(np.float32)) == "pass"
    assert verdict(loss, lambda x: 2 * x, X.astype(np.float32)) == "fail"
    assert seen == {"float32"}


def total(p: dict[str, Array]) -> float:
    return logcosh(p["W"]) + logcosh(p["b"])


POINT = {"W": X, "b": X[:2]}

GIVEN: list[tuple[Any, Any, Any, Any]] = [
    (logcosh, X, np.tanh(X), 1.1 * np.tanh(X)),
    (logcosh, list(X), list(np.tanh(X)), list(-np.tanh(X))),
    (logcosh, X.astype(np.float32), np.tanh(X), 2 * np.tanh(X)),
    (lambda x: x**2, 1.5, 3.0, 2.0),
    (total, POINT, {"W": np.tanh(X), "b": np.tanh(X[:2])}, {"W": np.tanh(X), "b": -np.tanh(X[:2])}),
    (lambda p: logcosh(p[0]) + p[1], (X, 0.5), (np.tanh(X), 1), (np.tanh(X), 2)),
    (lambda p: logcosh(p["W"]), POINT, {"W": np.tanh(X), "b": None}, {"W": None, "b": None}),
]


@pytest.mark.parametrize(("fun", "x0", "right", "wrong"), GIVEN, ids=range(len(GIVEN)))
@pytest.mark.parametrize("method", ["gradcheck", "textbook"])
def test_the_gradient_may_be_given_at_the_point_alone(fun: Any, x0: Any, right: Any, wrong: Any, method: Any) -> None:
    tolerant = method == "textbook" and isinstance(x0, np.ndarray) and x0.dtype == np.float32
    for claim, expected in ((right, "pass"), (wrong, "fail")):
        report = check_gradients(fun, claim, x0, rng=0, method=method)
        assert report.verdict.value == expected or (tolerant and expected == "pass")
        assert any("only your point was checked" in note for note in report.notes)
        assert report.gradients == 0


def test_a_gradient_given_at_the_point_is_taken_nowhere_else() -> None:
    subject = as_subject(logcosh, np.tanh(X), X)
    np.testing.assert_array_equal(subject.gradient((X,))[0], np.tanh(X))
    with pytest.raises(SubjectError, match="known at x0 alone"):
        subject.gradient((X + 1e-9,))
    assert subject.restricted(slice(0, 1)) is None


def test_a_gradient_given_at_a_kink_is_undecided_with_the_remedy() -> None:
    x = np.array([1.0, 0.0, -2.0])
    report = check_gradients(lambda x: float(np.abs(x).sum()), np.sign(x), x, rng=0)
    assert report.verdict.value == "undecided"
    assert "known at the point alone. Pass the function" in report.blocks["x"].note


def test_a_mistake_of_the_given_gradient_is_named() -> None:
    assert codes(logcosh, -np.tanh(X), X) == {"GC101"}
    assert codes(total, {"W": 3 * np.tanh(X), "b": np.tanh(X[:2])}, POINT) == {"GC102"}


@pytest.mark.parametrize(
    ("claim", "message"),
    [
        (np.ones(3), r"grad holds the gradient of x with shape \(3,\)"),
        ({"x": np.ones(4)}, "grad holds the gradient of x as a dict"),
        ("tanh", "grad is 'tanh': pass the function.*or the gradient at x0 as an array"),
        (False, "grad is False"),
        (np.array(["a"] * 4), "grad holds the gradient of x as a ndarray"),
    ],
)
def test_a_gradient_that_is_no_array_for_x0_is_refused(claim: Any, message: str) -> None:
    with pytest.raises((SubjectError, SubjectTypeError), match=message):
        check_gradients(logcosh, claim, X, rng=0)


@pytest.mark.parametrize(
    ("shape", "claimed", "noted"),
    [
        ((1, 4), (4,), False),
        ((4, 1), (4,), True),
        ((4,), (1, 4), True),
        ((2, 1, 2), (2, 2), True),
        ((1, 4, 1), (4, 1), False),
    ],
)
def test_axes_of_length_one_may_differ(shape: tuple[int, ...], claimed: tuple[int, ...], noted: bool) -> None:
    for x0, wrap in ((X.reshape(shape), lambda g: g), ({"b": X.reshape(shape)}, lambda g: {"b": g})):
        value = (lambda p: p["b"]) if isinstance(x0, dict) else (lambda p: p)
        for factor, expected in ((1.0, "pass"), (1.1, "fail")):
            report = check_gradients(
                lambda p, value=value: logcosh(value(p)),
                lambda p, value=value, wrap=wrap, factor=factor: wrap(factor * np.tanh(value(p)).reshape(claimed)),
                x0,
                rng=0,
            )
            assert report.verdict.value == expected
            assert any("broadcast or fail" in note for note in report.notes) is noted


@pytest.mark.parametrize(
    ("found", "advice"),
    [((5, 3), "sum it over axis 0 with keepdims=True"), ((3, 1, 1, 2), ""), ((1, 3, 4), "")],
)
def test_other_shapes_are_refused_with_advice_that_is_true(found: tuple[int, ...], advice: str) -> None:
    with pytest.raises(
        SubjectError, match=r"but the parameter has shape \(1, 3\)" + (f": {advice}" if advice else "$")
    ):
        check_gradients(lambda p: logcosh(p["b"]), lambda p: {"b": np.ones(found)}, {"b": X[None, :3]}, rng=0)


def test_masked_losses_and_gradients_count_as_not_finite() -> None:
    with pytest.raises(SubjectError, match=r"the loss is nan at the point.*masked value"):
        check_gradients(lambda x: np.ma.masked_less(x, 9.0).sum(), np.tanh, X, rng=0)
    for claim in (np.ma.masked_less(np.tanh(X), 0), lambda x: np.ma.masked_less(np.tanh(x), 0)):
        report = check_gradients(logcosh, claim, X, rng=0)
        assert [finding.code for finding in report.findings] == ["GC502"]
        assert "x: 1 entries of the gradient are masked, which counts as NaN" in report.notes
    assert check_gradients(logcosh, lambda x: np.ma.masked_less(np.tanh(x), -9), X, rng=0)
    assert not check_gradients(logcosh, lambda x: np.ma.masked_less(2 * np.tanh(x), -9), X, rng=0)


def test_a_loss_that_is_masked_at_a_probe_has_left_its_domain() -> None:
    def loss(x: Array) -> Any:
        return np.ma.masked if (x < -1.25001).any() else np.ma.array(logcosh(x))

    assert check_gradients(loss, np.tanh, X, rng=0)
    assert not check_gradients(loss, lambda x: 1.1 * np.tanh(x), X, rng=0)


def test_a_masked_array_without_masked_entries_is_a_point() -> None:
    assert verdict(logcosh, np.tanh, np.ma.array(X)) == "pass"
    assert verdict(logcosh, np.sin, np.ma.array(X)) == "fail"
