"""A loss near the ends of the range of doubles is checked in other units, and reported in the user's."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

from gradcheck import Report, check_gradients
from gradcheck.subjects.convert import as_subject
from gradcheck.subjects.rescaled import RescaledSubject
from tests.cases import BATCH, Array, TanhModel

X: Array = np.array([0.3, -0.7, 1.1, 0.4])

TARGET: Array = np.array([0.1, 0.2, 0.5, -0.6])

Claim = Callable[[Array], Array]

#: Scales of a loss of order one.
SCALES = (1e200, 1e307, 1e-200, 1e-310)


def scaled(scale: float) -> tuple[Callable[[Array], float], Claim]:
    """A quadratic loss times a scale, and its gradient."""

    def loss(x: Array) -> float:
        return scale * (0.5 * float(np.sum((x - TARGET) ** 2)) + 0.25)

    return loss, lambda x: scale * (x - TARGET)


def checked(scale: float, factor: float, seed: int = 0) -> Report:
    loss, gradient = scaled(scale)
    return check_gradients(loss, lambda x: factor * gradient(x), X, rng=seed)


def named(report: Report) -> list[str]:
    return [finding.code for finding in report.findings]


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("scale", SCALES)
def test_a_right_gradient_of_an_extreme_loss_passes(scale: float, seed: int) -> None:
    assert checked(scale, 1.0, seed)


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize(("factor", "code"), [(-1.0, "GC101"), (0.5, "GC102")])
def test_a_wrong_gradient_of_an_extreme_loss_is_named(factor: float, code: str, scale: float, seed: int) -> None:
    report = checked(scale, factor, seed)
    assert report.verdict.value == "fail"
    assert named(report) == [code]


@pytest.mark.parametrize("seed", range(12))
def test_a_loss_of_few_digits(seed: int) -> None:
    """Numbers of 1e-318 have five digits, those of 1e-320 three."""
    assert checked(1e-318, 1.0, seed).verdict.value != "fail"
    assert checked(1e-318, -1.0, seed).verdict.value == "fail"
    assert checked(1e-320, 1.0, seed).verdict.value != "fail"
    assert checked(1e-320, -1.0, seed).verdict.value != "pass"


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize(("factor", "codes"), [(1.0, []), (-1.0, ["GC101"]), (0.5, ["GC102"])])
def test_an_exponential_just_below_the_largest_double(factor: float, codes: list[str], seed: int) -> None:
    """exp(709) is 8e307; a little farther on it is infinite."""
    x0 = np.array([700.0, 9.0])

    def loss(x: Array) -> float:
        return float(np.exp(x.sum()))

    report = check_gradients(loss, lambda x: factor * np.full_like(x, np.exp(x.sum())), x0, rng=seed)
    assert report.verdict.value == ("fail" if codes else "pass")
    assert named(report) == codes


# -- the user's units --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("scale", [1e200, 1e307, 1e-200])
def test_a_report_is_in_the_units_of_the_user(scale: float) -> None:
    loss, gradient = scaled(scale)
    report = check_gradients(loss, lambda x: -gradient(x), X, rng=0, entries=True)
    assert report.loss == loss(X)
    assert 0 < report.noise < 1e-12 * report.loss
    block = report.blocks["x"]
    norm = scale * float(np.linalg.norm(X - TARGET))
    assert block.claimed_norm == pytest.approx(norm, rel=1e-12)
    assert block.numeric_norm == pytest.approx(norm, rel=1e-6)
    assert len(block.entries) == 4
    for entry in block.entries:
        right = scale * float((X - TARGET)[entry.index])
        assert entry.claimed == pytest.approx(-right, rel=1e-12)
        assert entry.numeric == pytest.approx(right, rel=1e-6)
        assert abs(entry.error) < 1e-4 * abs(right)
    assert f"{loss(X):.3g}"[-4:] in str(report)  # the exponent


def test_an_ordinary_loss_is_left_alone() -> None:
    for scale in (1.0, 1e30, 1e-30):
        loss, gradient = scaled(scale)
        report = check_gradients(loss, gradient, X, rng=0)
        assert report
        assert report.loss == loss(X)


def test_a_loss_of_zero_with_an_ordinary_gradient_is_left_alone() -> None:
    assert check_gradients(lambda x: float(np.sum(x - X)), np.ones_like, X, rng=0)
    assert not check_gradients(lambda x: float(np.sum(x - X)), lambda x: -np.ones_like(x), X, rng=0)


@pytest.mark.parametrize("scale", [1e250, 1e-250])
@pytest.mark.parametrize("factor", [1.0, -1.0])
def test_a_model_with_an_extreme_loss(scale: float, factor: float) -> None:
    class Extreme(TanhModel):
        def loss(self, inputs: Array, targets: Array) -> float:
            return scale * float(super().loss(inputs, targets))

        def gradient(self, inputs: Array, targets: Array) -> dict[str, Array]:
            return {name: scale * g for name, g in super().gradient(inputs, targets).items()}

    report = check_gradients(Extreme(factor), batch=BATCH, rng=0)
    assert report.blocks["W"].verdict.value == ("pass" if factor == 1.0 else "fail")
    assert report.blocks["b"].verdict.value == "pass"
    assert named(report) == ([] if factor == 1.0 else ["GC101"])


# -- the subject -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("exponent", [500, -500])
def test_loss_and_gradient_are_divided_exactly(exponent: int) -> None:
    scale = 2.0**exponent
    loss, gradient = scaled(scale)
    subject = as_subject(loss, gradient, X)
    found = RescaledSubject(subject, exponent)
    plain, plain_gradient = scaled(1.0)
    assert found.loss((X,)) == plain(X)
    np.testing.assert_array_equal(found.gradient((X,))[0], plain_gradient(X))
    assert found.exponent == exponent
    assert found.for_user(plain(X)) == loss(X)


def test_divided_twice_it_is_divided_by_the_product() -> None:
    found = RescaledSubject(RescaledSubject(as_subject(*scaled(2.0**900), X), 500), 400)
    assert found.exponent == 900
    assert found.loss((X,)) == scaled(1.0)[0](X)
    assert found.for_user(1.0) == 2.0**900
    assert found.for_user(2.0**200) == math.inf


def test_everything_else_is_as_it_was() -> None:
    model = TanhModel()
    subject = as_subject(model, batch=BATCH)
    found = RescaledSubject(subject, 10)
    for name in ("name", "place", "blocks", "space", "parallel", "preparations", "only_here", "samples", "disturbed"):
        assert getattr(found, name) == getattr(subject, name), name
    assert found.counts() == subject.counts()
    assert found.notes() == subject.notes()
    assert found.remarks() == subject.remarks()
    np.testing.assert_array_equal(found.representable(subject.point)[0], subject.representable(subject.point)[0])
    with found.session():
        assert found.loss(found.point) == subject.loss(subject.point) / 1024


def test_a_part_of_the_samples_is_divided_too() -> None:
    subject = as_subject(TanhModel(), batch=BATCH)
    with subject.session():
        some, own = RescaledSubject(subject, 4).restricted(slice(0, 3)), subject.restricted(slice(0, 3))
        assert (some is None) == (own is None)
        if some is not None and own is not None:
            assert some.loss(some.point) == own.loss(own.point) / 16
