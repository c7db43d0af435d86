"""Other witnesses beside the differences: what they say of right and wrong derivatives, and where they cannot."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

from gradcheck import check_gradients, check_jacobian, check_jvp, check_vjp
from gradcheck.checks.observers import observed_by

jax = pytest.importorskip("jax")
jnp = pytest.importorskip("jax.numpy")

A = np.array([[1.0, -2.0, 0.5], [0.3, 0.7, -1.1]])
POINT = np.array([0.15, -0.3, 0.6])


def traced(x: Any) -> Any:
    return jnp.tanh(A @ x)


def jacobian(x: Any) -> Any:
    return (1 - np.tanh(A @ np.asarray(x)) ** 2)[:, None] * A


def noted(report: Any, name: str) -> str:
    (note,) = [note for note in report.notes if note.startswith(name)]
    return str(note)


def test_jax_agrees_with_a_right_jacobian_to_rounding() -> None:
    for report in (
        check_jacobian(traced, jacobian, POINT, method="jax", rng=0),
        check_jvp(traced, lambda x, v: jacobian(x) @ v, POINT, method="jax", rng=0),
        check_vjp(traced, lambda x, u: jacobian(x).T @ u, POINT, method="jax", rng=0),
        check_jacobian(traced, jacobian, jnp.array(POINT, jnp.float32), method="jax", rtol=1e-4, rng=0),
    ):
        assert report.verdict.value == "pass", str(report)
    assert "agree to rounding" in noted(check_jacobian(traced, jacobian, POINT, method="jax", rng=0), "JAX")


def test_jax_sees_what_differences_do_not() -> None:
    """An error of 1e-8 passes the check, and shows in exact arithmetic."""
    report = check_jacobian(traced, lambda x: jacobian(x) * (1 + 1e-8), POINT, method="jax", rng=0)
    assert report.verdict.value == "pass"
    assert re.search(r"off by \d\.\de-08", noted(report, "JAX"))
    report = check_jacobian(traced, lambda x: jacobian(x) * 1.1, POINT, method="jax", rng=0)
    assert report.verdict.value == "fail"
    assert re.search(r"off by \d\.\de-01", noted(report, "JAX"))


def test_where_jax_cannot_say_it_says_why() -> None:
    report = check_jacobian(lambda x: np.tanh(A @ x), jacobian, POINT, method="jax", rng=0)
    assert report.verdict.value == "pass"
    assert "cannot differentiate the function (TracerArrayConversionError" in noted(report, "JAX")
    report = check_jacobian(lambda z: z * z, lambda z: np.diag(2 * z), POINT + 1j, method="jax", rng=0)
    assert "not for functions of complex numbers" in noted(report, "JAX")


def test_a_stopped_gradient_is_doubted_and_the_verdict_stays() -> None:
    def stopped(x: Any) -> Any:
        return traced(x) + jax.lax.stop_gradient(x[:2])

    def right(x: Any) -> Any:
        return jacobian(x) + np.eye(2, 3)

    report = check_jacobian(stopped, right, POINT, method="jax", rng=0)
    assert report.verdict.value == "pass"
    assert "stop_gradient" in noted(report, "JAX")


def test_a_rule_for_reverse_mode_alone() -> None:
    rule = jax.custom_vjp(lambda x: jnp.sin(x))
    rule.defvjp(lambda x: (jnp.sin(x), x), lambda x, u: (u * jnp.cos(x),))
    report = check_jacobian(rule, lambda x: np.diag(np.cos(x)), POINT, method="jax", rng=0)
    assert "agree to rounding" in noted(report, "JAX")


# -- gradients ---------------------------------------------------------------------------------------------------------


def energy(x: Any) -> Any:
    lib = np if isinstance(x, np.ndarray) else jnp
    return lib.sum(lib.log(lib.cosh(x))) + x[0] * x[1]


def force(x: Any, factor: float = 1.0) -> Any:
    return factor * (np.tanh(x) + np.array([x[1], x[0], 0.0]))


@pytest.mark.parametrize("factor", [1.0, 1.5, -1.0])
@pytest.mark.parametrize(("method", "name"), [("taylor", "Taylor"), ("complex", "complex step"), ("jax", "JAX")])
def test_of_gradients(method: Any, name: str, factor: float) -> None:
    report = check_gradients(energy, force, POINT, args=(), method=method, rng=0)
    plain = check_gradients(energy, force, POINT, rng=0)
    assert report.verdict.value == "pass"
    assert report.evaluations > plain.evaluations
    wrong = check_gradients(energy, lambda x: force(x, factor), POINT, method=method, rng=0)
    assert wrong.verdict.value == ("pass" if factor == 1 else "fail")
    note = noted(wrong, name)
    if name == "Taylor":
        rates = [float(rate) for rate in note.split(" are ")[1].split(":")[0].split(", ")]
        assert rates == pytest.approx([2, 2, 2] if factor == 1 else [1, 1, 1], abs=0.2)
    else:
        assert ("agree to rounding" in note) is (factor == 1)


def test_of_gradients_that_are_arrays_nested_or_returned_with_the_value() -> None:
    options: dict[str, Any] = {"method": "jax", "rng": 0}
    reports = (
        check_gradients(energy, force(POINT), POINT, **options),
        check_gradients(lambda x: (energy(x), force(np.asarray(POINT))), True, POINT, loss_accuracy=0, **options),
        check_gradients(
            lambda p: energy(p["x"]) * p["a"],
            lambda p: {"x": force(p["x"]) * p["a"], "a": energy(p["x"])},
            {"x": POINT, "a": 1.5},
            **options,
        ),
    )
    assert "agree to rounding" in noted(reports[0], "JAX")
    assert "agree to rounding" in noted(reports[2], "JAX")
    assert "agree to rounding" in noted(reports[1], "JAX")  # right at the point


def test_observers_get_one_report_with_the_note() -> None:
    seen: list[Any] = []
    with observed_by(seen.append):
        report = check_gradients(energy, force, POINT, method="taylor", rng=0)
    assert seen == [report]
