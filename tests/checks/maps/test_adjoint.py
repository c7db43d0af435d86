"""`check_adjoint`: pairs that belong together pass, real and complex; others fail, and get a name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter1d
from scipy.sparse.linalg import LinearOperator, aslinearoperator, gmres

import gradcheck
from gradcheck import check_adjoint
from gradcheck.errors import SubjectError, SubjectTypeError
from tests.checks.maps.maps import WEIGHTS, slugs

COMPLEX = WEIGHTS + 1j * WEIGHTS[::-1]
SYSTEM = 4 * np.eye(20) + np.random.default_rng(0).normal(size=(20, 20)) / 4

Pair = tuple[Callable[[Any], Any], Callable[[Any], Any], Any, Any]

RIGHT: dict[str, Pair] = {
    "matrix": (lambda x: WEIGHTS @ x, lambda y: WEIGHTS.T @ y, np.zeros(4), np.zeros(6)),
    "complex matrix": (
        lambda x: COMPLEX @ x,
        lambda y: COMPLEX.conj().T @ y,
        np.zeros(4, complex),
        np.zeros(6, complex),
    ),
    "Fourier": (np.fft.fft, lambda y: 16 * np.fft.ifft(y), np.zeros(16, complex), np.zeros(16, complex)),
    "cumulative sum": (np.cumsum, lambda y: np.cumsum(y[::-1])[::-1], np.zeros(200), np.zeros(200)),
    "blur": (*(lambda x: gaussian_filter1d(x, 2, mode="constant"),) * 2, np.zeros(40), np.zeros(40)),
    "two-dimensional": (lambda x: x.T, lambda y: y.T, np.zeros((3, 5)), np.zeros((5, 3))),
    "nested": (
        lambda p: {"sum": p[0] + p[1], "difference": p[0] - p[1]},
        lambda q: (q["sum"] + q["difference"], q["sum"] - q["difference"]),
        (np.zeros(3), np.zeros(3)),
        {"sum": np.zeros(3), "difference": np.zeros(3)},
    ),
    "single precision": (
        lambda x: WEIGHTS.astype(np.float32) @ x.astype(np.float32),
        lambda y: WEIGHTS.T.astype(np.float32) @ y,
        np.zeros(4, np.float32),
        np.zeros(6, np.float32),
    ),
}

WRONG: dict[str, tuple[Pair, str]] = {
    "transposed": (
        (lambda x: WEIGHTS[:4] @ x, lambda y: WEIGHTS[:4] @ y, np.zeros(4), np.zeros(4)),
        "transposed",
    ),
    "not conjugated": (
        (lambda x: COMPLEX @ x, lambda y: COMPLEX.T @ y, np.zeros(4, complex), np.zeros(6, complex)),
        "not-conjugated",
    ),
    "inverse": ((np.fft.fft, np.fft.ifft, np.zeros(16, complex), np.zeros(16, complex)), "constant-factor"),
    "boundary": (
        (*(lambda x: gaussian_filter1d(x, 2, mode="nearest"),) * 2, np.zeros(40), np.zeros(40)),
        "not-adjoint",
    ),
    "affine": ((lambda x: WEIGHTS @ x + 1, lambda y: WEIGHTS.T @ y, np.zeros(4), np.zeros(6)), "not-adjoint"),
    "not linear": (
        (lambda x: np.sin(WEIGHTS @ x), lambda y: WEIGHTS.T @ y, np.zeros(4), np.zeros(6)),
        "not-adjoint",
    ),
}


@pytest.mark.parametrize("pair", RIGHT.values(), ids=RIGHT)
def test_pairs_that_belong_together_pass(pair: Pair) -> None:
    report = check_adjoint(*pair, rng=0)
    assert report.verdict.value == "pass", str(report)
    assert any(note.startswith("dot test") for note in report.notes)


@pytest.mark.parametrize(("pair", "slug"), WRONG.values(), ids=WRONG)
def test_pairs_that_do_not_fail(pair: Pair, slug: str) -> None:
    report = check_adjoint(*pair, rng=0)
    assert report.verdict.value == "fail"
    assert {"not-adjoint", slug} <= set(slugs(report)), str(report)


def test_operators() -> None:
    assert check_adjoint(aslinearoperator(COMPLEX), rng=0).verdict.value == "pass"
    wrong = LinearOperator(
        (6, 6), matvec=lambda x: SYSTEM[:6, :6] @ x, rmatvec=lambda y: SYSTEM[:6, :6] @ y, dtype=float
    )
    assert check_adjoint(wrong, rng=0).verdict.value == "fail"


def test_an_adjoint_through_a_solver_is_not_called_wrong() -> None:
    """Both stop at 1e-5, so that neither is exactly linear."""
    pair = (
        lambda x: gmres(SYSTEM, x, rtol=1e-5)[0],
        lambda y: gmres(SYSTEM.T, y, rtol=1e-5)[0],
        np.zeros(20),
        np.zeros(20),
    )
    assert check_adjoint(*pair, rng=0).verdict.value != "fail"
    report = check_adjoint(pair[0], lambda y: -pair[1](y), *pair[2:], rng=0)
    assert report.verdict.value == "fail"


def test_wrong_arguments_are_refused() -> None:
    with pytest.raises(SubjectTypeError, match="adjoint is missing"):
        check_adjoint(np.fft.fft)
    with pytest.raises(SubjectTypeError, match="missing x_like or y_like"):
        check_adjoint(np.fft.fft, np.fft.ifft)
    with pytest.raises(SubjectError, match=r"f with shape \(6,\), and y_like has \(5,\)"):
        check_adjoint(lambda x: WEIGHTS @ x, lambda y: WEIGHTS.T @ y, np.zeros(4), np.zeros(5), rng=0)


def test_assert_adjoint() -> None:
    assert gradcheck.assert_adjoint(*RIGHT["matrix"], rng=0)
    with pytest.raises(gradcheck.GradientMismatch, match="not-adjoint"):
        gradcheck.assert_adjoint(*WRONG["transposed"][0], rng=0)


@pytest.mark.parametrize("seed", range(4))
def test_a_pair_that_is_zero_in_some_directions_is_judged_by_the_others(seed: int) -> None:
    report = check_adjoint(lambda x: 0 * x, lambda y: np.maximum(y, 0), np.zeros(1), np.zeros(1), rng=seed)
    assert report.verdict.value == "fail"


def test_wrt_chooses_leaves_of_the_input() -> None:
    """The sum of two inputs; the adjoint is wrong in the second alone."""
    like = {"p": np.zeros(3), "q": np.zeros(3)}
    options: dict[str, Any] = {"x_like": like, "y_like": np.zeros(3), "rng": 0}

    def forward(x: Any) -> Any:
        return x["p"] + 2 * x["q"]

    def adjoint(y: Any) -> Any:
        return {"p": y, "q": y}

    report = check_adjoint(forward, adjoint, wrt="p", **options)
    assert report.verdict.value == "pass", str(report)
    assert list(report.blocks) == ["p"]
    assert "not checked, since wrt does not name them: q" in report.notes
    assert any(note.startswith("dot test") for note in report.notes)
    for chosen in ("q", None):
        report = check_adjoint(forward, adjoint, wrt=chosen, **options)
        assert [name for name, block in report.blocks.items() if not block.passes] == ["q"]


@pytest.mark.parametrize("option", ["bounds", "retract", "project"])
def test_options_that_a_linear_function_has_no_use_for_are_named(option: str) -> None:
    given: dict[str, Any] = {option: lambda x, v: v}
    with pytest.raises(SubjectTypeError, match=f"^{option} is not for check_adjoint"):
        check_adjoint(np.cumsum, np.cumsum, (3,), (3,), **given)
