"""Every method with every option of every check: an option is honoured, or refused by an error that names it."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gradcheck
from gradcheck.checks.methods import WITNESSES, budget_beside, refuse_with_method, require_method
from gradcheck.errors import SubjectError, SubjectTypeError
from gradcheck.reports.report import Report
from tests.checks.maps.maps import POINT, WEIGHTS, layer, layer_jacobian

Check = Callable[..., Report]

NAMES = {"taylor": "Taylor test", "complex": "complex step", "jax": "JAX"}


def value(x: Any) -> Any:
    return np.sum(np.log(np.cosh(WEIGHTS @ x)))


def slope(x: Any) -> Any:
    return WEIGHTS.T @ np.tanh(WEIGHTS @ x)


def curvature(x: Any) -> Any:
    return WEIGHTS.T @ layer_jacobian(x)


def checked(kind: str, factor: float = 1.0, around: Callable[[Any], Any] = lambda f: f) -> Check:
    """A check of one kind, whose claim is a multiple of the right one."""
    fun, scalar = around(layer), around(value)

    def run(**options: Any) -> Report:
        if kind == "gradients":
            return gradcheck.check_gradients(scalar, lambda x: factor * slope(x), POINT, **options)
        if kind == "jacobian":
            return gradcheck.check_jacobian(fun, lambda x: factor * layer_jacobian(x), POINT, **options)
        if kind == "jvp":
            return gradcheck.check_jvp(fun, lambda x, v: factor * layer_jacobian(x) @ v, POINT, **options)
        if kind == "vjp":
            return gradcheck.check_vjp(fun, lambda x, u: factor * layer_jacobian(x).T @ u, POINT, **options)
        if kind == "hessian":
            return gradcheck.check_hessian(scalar, slope, lambda x: factor * curvature(x), POINT, **options)
        if kind == "adjoint":
            forward = around(lambda x: WEIGHTS @ x)
            return gradcheck.check_adjoint(forward, lambda y: factor * WEIGHTS.T @ y, (4,), (6,), **options)
        constraint = {"type": "eq", "fun": fun, "jac": lambda x: factor * layer_jacobian(x)}
        jac = lambda x: factor * slope(x)  # noqa: E731
        return gradcheck.check_problem(scalar, POINT, jac=jac, constraints=constraint, **options)

    return run


KINDS = ("gradients", "jacobian", "jvp", "vjp", "hessian", "adjoint", "problem")
PAIRS = [(kind, method) for kind in KINDS for method in ("taylor", "complex")]
every_pair = pytest.mark.parametrize(("kind", "method"), PAIRS)


def pairs_but(*left_out: str) -> pytest.MarkDecorator:
    """All pairs but those of some kinds of checks."""
    return pytest.mark.parametrize(("kind", "method"), [pair for pair in PAIRS if pair[0] not in left_out])


def notes(report: Report, method: str) -> list[str]:
    return [note for note in report.notes if NAMES[method] in note]


@every_pair
def test_a_witness_speaks_of_right_and_wrong_claims_diagnosed_or_not(kind: str, method: str) -> None:
    for diagnose in (True, False):
        right = checked(kind)(method=method, rng=0, diagnose=diagnose)
        wrong = checked(kind, 1.5)(method=method, rng=0, diagnose=diagnose)
        assert (right.verdict.value, wrong.verdict.value) == ("pass", "fail")
        assert notes(right, method)
        assert notes(right, method) != notes(wrong, method)


@every_pair
def test_entries_workers_progress_and_tolerance_are_those_of_the_check(kind: str, method: str) -> None:
    seen: list[int] = []
    mapped: list[int] = []

    def mapping(function: Callable[[Any], Any], points: Any) -> list[Any]:
        mapped.append(1)
        return list(map(function, points))

    report = checked(kind)(
        method=method, rng=0, entries=True, workers=mapping, progress=lambda done, stage: seen.append(done)
    )
    assert all(block.entries for block in report.blocks.values())
    assert mapped
    assert seen
    assert checked(kind, 1.001)(method=method, rng=0, rtol=1e-2).verdict.value == "pass"
    assert checked(kind, 1.001)(method=method, rng=0).verdict.value == "fail"


@every_pair
def test_a_budget_covers_the_witness(kind: str, method: str) -> None:
    least = (20 + WITNESSES[method]) * (2 if kind == "hessian" else 1)  # the gradient has a witness of its own
    with pytest.raises(SubjectError, match=rf"budget is {least - 1}: .* pass budget={least} or more"):
        checked(kind)(method=method, rng=0, budget=least - 1)
    report = checked(kind)(method=method, rng=0, budget=80)
    assert report.verdict.value == "pass"
    assert notes(report, method)
    with gradcheck.defaults(budget=21), pytest.raises(SubjectError, match="budget is 21"):
        checked(kind)(method=method, rng=0)


@pairs_but("hessian", "problem", "adjoint")  # whose calls are those of several functions
def test_calls_are_counted(kind: str, method: str) -> None:
    calls = 0

    def counting(function: Any) -> Any:
        def called(x: Any) -> Any:
            nonlocal calls
            calls += 1
            return function(x)

        return called

    assert checked(kind, around=counting)(method=method, rng=0).evaluations == calls


@pairs_but("problem", "adjoint")  # which call functions before the check
def test_a_journal_spares_what_was_evaluated(kind: str, method: str) -> None:
    calls, limit = 0, 10**9

    class Cut(BaseException):
        pass

    def counting(function: Any) -> Any:
        def called(x: Any) -> Any:
            nonlocal calls
            calls += 1
            if calls > limit:
                raise Cut
            return function(x)

        return called

    checked(kind, around=counting)(method=method, rng=0)
    whole = calls
    with tempfile.TemporaryDirectory() as folder:
        calls, limit, path = 0, whole - 3, Path(folder, "journal")
        if kind == "hessian":
            limit = 15
        with pytest.raises(Cut):
            checked(kind, around=counting)(method=method, rng=0, journal=path)
        calls, limit = 0, 10**9
        report = checked(kind, around=counting)(method=method, rng=0, journal=path)
    assert report.verdict.value == "pass"
    assert calls <= whole - 10


@pytest.mark.parametrize("kind", ["jacobian", "jvp", "vjp"])
def test_a_witness_looks_along_the_direction_that_was_given(kind: str) -> None:
    """A claim that is wrong in column 0 alone: along column 1 all witnesses agree with it."""
    wrong = np.zeros((6, 4))
    wrong[:, 0] = 1.0

    def claim(x: Any) -> Any:
        return layer_jacobian(x) + wrong

    checks: dict[str, Check] = {
        "jacobian": lambda **o: gradcheck.check_jacobian(layer, claim, POINT, **o),
        "jvp": lambda **o: gradcheck.check_jvp(layer, lambda x, v: claim(x) @ v, POINT, **o),
        "vjp": lambda **o: gradcheck.check_vjp(layer, lambda x, u: claim(x).T @ u, POINT, **o),
    }
    check = checks[kind]
    agreed, seen = (check(rng=0, method="complex", direction=np.eye(4)[column]) for column in (1, 0))
    assert (agreed.verdict.value, seen.verdict.value) == ("pass", "fail")
    assert "agree to rounding" in notes(agreed, "complex")[0]
    assert "agree to rounding" not in notes(seen, "complex")[0]
    (rates,) = notes(check(rng=0, method="taylor", direction=np.eye(4)[1]), "taylor")
    assert [float(rate) for rate in rates.split(" are ")[1].split(":")[0].split(", ")] == pytest.approx(
        [2] * 3, abs=0.1
    )


@every_pair
def test_manifolds_have_no_other_witness(kind: str, method: str) -> None:
    for argument, function in (("retract", lambda x, v: x + v), ("project", lambda x, v: v)):
        with pytest.raises(SubjectTypeError, match=r"method|retract is not for check_adjoint|project is not for"):
            checked(kind)(method=method, **{argument: function})


# -- models ------------------------------------------------------------------------------------------------------------


class Model:
    """A linear model with a least-squares loss."""

    def __init__(self, factor: float = 1.0, dtype: Any = np.float64) -> None:
        self.params = {"w": POINT.astype(dtype)}
        self.factor, self.weights = factor, WEIGHTS.astype(dtype)

    def loss(self) -> Any:
        gap = np.tanh(self.weights @ self.params["w"])
        grad = self.weights.T @ (gap * (1 - gap**2))
        return 0.5 * gap @ gap, {"w": (self.factor * grad).astype(grad.dtype)}


@pytest.mark.parametrize(("factor", "rate"), [(1.0, 2.0), (1.5, 1.0), (-1.0, 1.0)])
def test_the_taylor_test_of_a_model(factor: float, rate: float) -> None:
    model = Model(factor)
    before = model.params["w"].copy()
    report = gradcheck.check_gradients(model, method="taylor", rng=0)
    assert report.verdict.value == ("pass" if factor == 1 else "fail")
    (note,) = notes(report, "taylor")
    assert [float(r) for r in note.split(" are ")[1].split(":")[0].split(", ")] == pytest.approx([rate] * 3, abs=0.1)
    assert np.array_equal(before, model.params["w"])


@pytest.mark.parametrize("method", ["complex", "jax"])
def test_models_have_no_complex_step(method: Any) -> None:
    if method == "jax":
        pytest.importorskip("jax")
    with pytest.raises(SubjectTypeError, match=f"method='{method}' is for a function .* use method='taylor'"):
        gradcheck.check_gradients(Model(), method=method)


def test_rates_in_single_precision_are_those_above_its_rounding() -> None:
    """A function that rounds to float32: its remainders are noise long before the shortest step."""

    def fun(x: Any) -> Any:
        return np.tanh(WEIGHTS.astype(np.float32) @ np.asarray(x, np.float32))

    for factor, rate in ((1.0, 2.0), (1.5, 1.0)):
        report = gradcheck.check_jacobian(
            fun, lambda x, k=factor: k * layer_jacobian(x), POINT.astype(np.float32), method="taylor", rng=0
        )
        (note,) = notes(report, "taylor")
        rates = [float(r) for r in note.split(" are ")[1].split(":")[0].split(", ")]
        assert rates == pytest.approx([rate] * 3, abs=0.2)


# -- the method of textbooks -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("argument", "given"), [("rtol", 1e-3), ("entries", True), ("loss_accuracy", 1e-5), ("journal", "file")]
)
def test_what_textbooks_cannot_honour_is_refused(argument: str, given: Any) -> None:
    with pytest.raises(SubjectTypeError, match=f"{argument} is not for method='textbook'.*leave {argument} out"):
        checked("gradients")(method="textbook", **{argument: given})
    assert not Path("file").exists()


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "gradients"])
def test_textbooks_are_for_gradients(kind: str) -> None:
    with pytest.raises(SubjectError, match=r"'textbook': pass .*'jax', or check a number with check_gradients"):
        checked(kind)(method="textbook")


def test_a_textbook_honours_budget_workers_and_progress() -> None:
    with pytest.raises(SubjectError, match=r"budget is 20: method='textbook' takes 33 .* pass budget=33 or more"):
        gradcheck.check_gradients(lambda x: x @ x, lambda x: 2 * x, np.ones(16), method="textbook", budget=20)
    with gradcheck.defaults(budget=20), pytest.raises(SubjectError, match="budget is 20"):
        gradcheck.check_gradients(lambda x: x @ x, lambda x: 2 * x, np.ones(16), method="textbook")
    seen: list[int] = []
    with ThreadPoolExecutor(2) as pool:
        report = gradcheck.check_gradients(
            lambda x: x @ x,
            lambda x: 2 * x,
            np.ones(200),
            method="textbook",
            budget=401,
            workers=pool,
            progress=lambda done, stage: seen.append(done),
        )
    assert report.verdict.value == "pass"
    assert report.evaluations == seen[-1] == 401


@pytest.mark.parametrize(("factor", "verdict"), [(1.0, "undecided"), (np.nan, "fail")])
def test_a_step_that_leaves_the_domain_proves_nothing(factor: float, verdict: str) -> None:
    """Bounds that are narrower than the step: differences are not numbers, and a right gradient is not wrong."""
    x0 = np.array([1.0, 2.0])
    bounds = [(1 - 5e-5, 1 + 5e-5), (None, None)]
    report = gradcheck.check_gradients(
        lambda x: x @ x, lambda x: factor * 2 * x, x0, method="textbook", bounds=bounds, rng=0
    )
    assert report.verdict.value == verdict
    if verdict == "undecided":
        assert "leaves the domain" in report.notes[0]
    free = gradcheck.check_gradients(lambda x: x @ x, lambda x: 2 * x, x0, method="textbook", bounds=[(0, 9)] * 2)
    assert free.verdict.value == "pass"


# -- the functions -----------------------------------------------------------------------------------------------------


def test_methods_are_listed_where_there_is_none() -> None:
    with pytest.raises(SubjectError, match="'tailor': pass 'gradcheck', 'textbook', 'taylor', 'complex', 'jax'"):
        require_method("tailor", textbook=True)
    with pytest.raises(SubjectError, match="'tailor': pass 'gradcheck', 'taylor', 'complex', 'jax'"):
        require_method("tailor")
    require_method("textbook", textbook=True)


def test_an_option_that_was_not_given_is_not_refused() -> None:
    refuse_with_method("textbook", rtol=False, entries=False)
    refuse_with_method("taylor", rtol=True, journal=True)
    assert budget_beside("gradcheck", 20) == 20
    assert budget_beside("taylor", None) == 2000 - WITNESSES["taylor"]
