"""A right Jacobian passes in every form, a wrong one fails at the right entries and by the right name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.sparse
from scipy.sparse.linalg import LinearOperator, aslinearoperator

import gradcheck
from gradcheck import check_jacobian
from gradcheck.errors import SubjectError, SubjectTypeError
from tests.checks.maps.maps import POINT, WEIGHTS, layer, layer_jacobian, slugs, wrong


def changed(change: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """The Jacobian of the layer with a mistake."""
    return lambda x: change(layer_jacobian(x).copy())


def with_entry(value: float) -> Callable[[Any], Any]:
    def jacobian(x: Any) -> Any:
        j = layer_jacobian(x)
        j[2, 1] *= value
        return j

    return jacobian


def put(j: Any, place: Any, value: Any) -> Any:
    j[place] = value
    return j


RIGHT: dict[str, tuple[Any, Any]] = {
    "function": (layer, layer_jacobian),
    "array": (layer, layer_jacobian(POINT)),
    "pair": (lambda x: (layer(x), layer_jacobian(x)), True),
    "sparse matrix": (layer, lambda x: scipy.sparse.csc_matrix(layer_jacobian(x))),
    "sparse array": (layer, lambda x: scipy.sparse.coo_array(layer_jacobian(x))),
    "operator": (layer, lambda x: aslinearoperator(layer_jacobian(x))),
    "operator without an adjoint": (
        layer,
        lambda x: LinearOperator((6, 4), matvec=lambda v: layer_jacobian(x) @ v, dtype=float),
    ),
    "list of rows": (lambda x: list(layer(x)), lambda x: layer_jacobian(x).tolist()),
    "one output": (lambda x: x @ x, lambda x: 2 * x),
    "constant output": (
        lambda x: np.array([x[0], 3.0, x[1] * x[2]]),
        lambda x: np.array([[1, 0, 0, 0], [0, 0, 0, 0], [0, x[2], x[1], 0]]),
    ),
}


@pytest.mark.parametrize(("fun", "jac"), RIGHT.values(), ids=RIGHT)
def test_a_right_jacobian_passes_in_every_form(fun: Any, jac: Any) -> None:
    report = check_jacobian(fun, jac, POINT, rng=0)
    assert report.verdict.value == "pass", str(report)
    assert report.blocks["x"].resolution == pytest.approx(1e-4, rel=0.1)
    assert report.evaluations <= 54


MISTAKES: dict[str, tuple[Callable[[Any], Any], str, str]] = {
    "sign": (lambda j: -j, "sign-flipped", "x"),
    "twice": (lambda j: 2 * j, "constant-factor", "x"),
    "zero": (lambda j: 0 * j, "zero-gradient", "x"),
    "rows exchanged": (lambda j: j[[1, 0, 2, 3, 4, 5]], "swapped-blocks", "x, rows 0, 1"),
    "rows reversed": (lambda j: j[::-1], "reversed-axis", "x, rows 0 to 5"),
    "rows shifted": (lambda j: np.roll(j, 1, axis=0), "shifted", "x, rows 0 to 5"),
    "columns exchanged": (lambda j: j[:, [0, 2, 1, 3]], "swapped-blocks", "x, columns 1, 2"),
    "sign of a row": (lambda j: put(j, 4, -j[4]), "sign-flipped", "x, row 4"),
    "two rows doubled": (lambda j: put(j, [1, 3], 2 * j[[1, 3]]), "constant-factor", "x, rows 1, 3"),
    "missing row": (lambda j: put(j, 3, 0), "zero-gradient", "x, row 3"),
    "sign of a column": (lambda j: put(j, (slice(None), 2), -j[:, 2]), "sign-flipped", "x, column 2"),
    "block of zeros": (lambda j: put(j, np.ix_([1, 2], [2, 3]), 0), "missing-block", "x, rows 1, 2, columns 2, 3"),
    "one entry": (lambda j: put(j, (2, 2), j[2, 2] + 0.01), "isolated-entries", "x[2, 2]"),
    "not finite": (lambda j: put(j, (2, 2), np.nan), "not-finite", "x"),
}


@pytest.mark.parametrize(("change", "slug", "where"), MISTAKES.values(), ids=MISTAKES)
def test_a_wrong_jacobian_gets_its_name_and_place(change: Any, slug: str, where: str) -> None:
    report = check_jacobian(layer, changed(change), POINT, rng=0)
    assert report.verdict.value == "fail"
    assert slugs(report) == [slug], str(report)
    assert report.findings[0].where == where
    assert report.findings[0].blocks == ("x",)


def test_an_exchange_of_rows_that_the_sum_of_the_outputs_hides_is_found() -> None:
    """1ᵀJ is the same for both: what a check of the sum of the outputs would compare."""
    right = layer_jacobian(POINT)
    exchanged = right[[1, 0, 2, 3, 4, 5]]
    np.testing.assert_allclose(right.sum(axis=0), exchanged.sum(axis=0))
    report = check_jacobian(layer, changed(lambda j: j[[1, 0, 2, 3, 4, 5]]), POINT, rng=3)
    assert {index[0] for index in wrong(report)} == {0, 1}


@pytest.mark.parametrize("factor", [0.0, 1.001, 1.1, -1.0])
@pytest.mark.parametrize("seed", range(3))
def test_one_wrong_entry_is_found_and_measured(factor: float, seed: int) -> None:
    report = check_jacobian(layer, with_entry(factor), POINT, rng=seed)
    assert report.verdict.value == "fail"
    found = wrong(report)
    assert list(found) == [(2, 1)]
    right = layer_jacobian(POINT)[2, 1]
    assert found[2, 1].claimed == pytest.approx(factor * right)
    assert abs(found[2, 1].numeric - right) <= found[2, 1].error


@pytest.mark.parametrize("seed", range(4))
def test_an_error_above_the_stated_resolution_is_not_passed(seed: int) -> None:
    right = check_jacobian(layer, layer_jacobian, POINT, rng=seed)
    resolution = right.blocks["x"].resolution
    assert resolution is not None
    report = check_jacobian(layer, with_entry(1 + 1.1 * resolution), POINT, rng=seed)
    assert report.verdict.value == "fail"


def test_an_error_far_below_the_tolerance_is_not_called_wrong() -> None:
    assert check_jacobian(layer, with_entry(1 + 1e-6), POINT, rng=0).verdict.value == "pass"


# -- sparse ------------------------------------------------------------------------------------------------------------


def sparse_map(n: int) -> tuple[Callable[[Any], Any], Callable[[Any], Any], Any]:
    """Sines of a sparse matrix times x."""
    rng = np.random.default_rng(0)
    entries = rng.normal(size=4 * n), (rng.integers(0, n, 4 * n), rng.integers(0, n, 4 * n))
    matrix = (scipy.sparse.csr_array(entries, shape=(n, n)) + scipy.sparse.eye_array(n)).tocsr()

    def jacobian(x: Any) -> Any:
        return (scipy.sparse.diags_array(np.cos(matrix @ x)) @ matrix).tocsr()

    return lambda x: np.sin(matrix @ x), jacobian, rng.normal(size=n)


def test_the_pattern_of_a_sparse_jacobian_is_checked() -> None:
    fun, jacobian, x0 = sparse_map(40)

    def without(x: Any) -> Any:
        found = jacobian(x)
        found.data[17] = 0
        found.eliminate_zeros()
        return found

    row = int(np.searchsorted(jacobian(x0).indptr, 17, side="right")) - 1
    report = check_jacobian(fun, without, x0, rng=0)
    assert slugs(report) == ["wrong-sparsity"]
    assert list(wrong(report)) == [(row, int(jacobian(x0).indices[17]))]


def test_one_wrong_entry_of_a_large_sparse_jacobian_is_found_with_few_evaluations() -> None:
    fun, jacobian, x0 = sparse_map(4_000)

    def bad(x: Any) -> Any:
        found = jacobian(x)
        found.data[777] *= 1.5
        return found

    right = check_jacobian(fun, jacobian, x0, rng=0)
    assert right.verdict.value == "pass"
    assert right.evaluations <= 60
    report = check_jacobian(fun, bad, x0, rng=0)
    row = int(np.searchsorted(jacobian(x0).indptr, 777, side="right")) - 1
    assert list(wrong(report)) == [(row, int(jacobian(x0).indices[777]))]
    assert report.evaluations <= 600


# -- operators ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("factors", [(1, 2), (2, 1)])
def test_an_operator_whose_products_contradict_each_other_fails(factors: tuple[int, int]) -> None:
    forward, backward = factors

    def jacobian(x: Any) -> Any:
        j = layer_jacobian(x)
        return LinearOperator(
            (6, 4), matvec=lambda v: forward * (j @ v), rmatvec=lambda u: backward * (j.T @ u), dtype=float
        )

    report = check_jacobian(layer, jacobian, POINT, rng=0)
    assert report.verdict.value == "fail"
    assert "not-adjoint" in slugs(report)


# -- nesting -----------------------------------------------------------------------------------------------------------


def nested(p: Any) -> Any:
    return {"r": layer(p["a"]), "s": p["b"] ** 2 * p["a"][0]}


def nested_jacobian(p: Any, **changes: Any) -> Any:
    unit = np.array([1.0, 0, 0, 0])
    found: dict[str, dict[str, Any]] = {
        "r": {"a": layer_jacobian(p["a"]), "b": None},
        "s": {"a": p["b"] ** 2 * unit, "b": 2 * p["b"] * p["a"][0]},
    }
    for name, value in changes.items():
        output, inputs = name.split("_")
        found[output][inputs] = value
    return found


def test_blocks_are_pairs_of_an_output_and_an_input() -> None:
    x0 = {"a": POINT, "b": 1.5}
    report = check_jacobian(nested, nested_jacobian, x0, rng=0)
    assert report.verdict.value == "pass"
    assert list(report.blocks) == ["(r, a)", "(r, b)", "(s, a)", "(s, b)"]
    assert report.blocks["(r, a)"].shape == (6, 4)


def test_a_missing_block_is_named_and_the_others_pass() -> None:
    x0 = {"a": POINT, "b": 1.5}
    report = check_jacobian(nested, lambda p: nested_jacobian(p, s_b=None), x0, rng=0)
    assert [name for name, block in report.blocks.items() if not block.passes] == ["(s, b)"]
    assert slugs(report) == ["missing-block"]


def test_one_matrix_serves_for_nested_inputs_and_outputs() -> None:
    def whole(p: Any) -> Any:
        found = np.zeros((7, 5))
        found[:6, :4] = layer_jacobian(p["a"])
        found[6, 0], found[6, 4] = p["b"] ** 2, 2 * p["b"] * p["a"][0]
        return found

    x0 = {"a": POINT, "b": 1.5}
    assert check_jacobian(nested, whole, x0, rng=0).verdict.value == "pass"
    report = check_jacobian(nested, lambda p: np.diag([1.0] * 6 + [-1]) @ whole(p), x0, rng=0)
    assert {name for name, block in report.blocks.items() if not block.passes} == {"(s, a)", "(s, b)"}


def test_parameters_that_wrt_does_not_name_are_listed() -> None:
    x0 = {"a": POINT, "b": 1.5}
    report = check_jacobian(nested, nested_jacobian, x0, wrt="a", rng=0)
    assert list(report.blocks) == ["(r, a)", "(s, a)"]
    assert any("not checked, since wrt does not name them: b" in note for note in report.notes)


def test_matrices_as_input_and_output() -> None:
    """d(X X)[i, j] / dX[k, l] = δ_ik X[l, j] + X[i, k] δ_jl."""
    unit, x0 = np.eye(3), np.random.default_rng(0).normal(size=(3, 3))

    def jacobian(x: Any) -> Any:
        return np.einsum("ik,lj->ijkl", unit, x) + np.einsum("ik,jl->ijkl", x, unit)

    assert check_jacobian(lambda x: x @ x, jacobian, x0, rng=0).verdict.value == "pass"
    report = check_jacobian(lambda x: x @ x, lambda x: jacobian(x).transpose(2, 3, 0, 1), x0, rng=0)
    assert slugs(report) == ["transposed"]


# -- numbers -----------------------------------------------------------------------------------------------------------


def test_outputs_of_very_different_size_matter_equally() -> None:
    def fun(x: Any) -> Any:
        return np.array([1e10 * x[0], 1e-8 * np.sin(x[1]), x[1] * x[2]])

    def jacobian(x: Any, factor: float = 1.0) -> Any:
        return np.array([[1e10, 0, 0], [0, factor * 1e-8 * np.cos(x[1]), 0], [0, x[2], x[1]]])

    x0 = np.array([1.0, 2.0, -2.0])
    assert check_jacobian(fun, jacobian, x0, rng=0).verdict.value == "pass"
    report = check_jacobian(fun, lambda x: jacobian(x, 1.01), x0, rng=0)
    assert list(wrong(report)) == [(1, 1)]


def test_single_precision() -> None:
    x0 = POINT.astype(np.float32)

    def jacobian(x: Any, factor: float = 1.0) -> Any:
        j = layer_jacobian(x).astype(np.float32)
        j[2, 1] *= np.float32(factor)
        return j

    assert check_jacobian(layer, jacobian, x0, rng=0).verdict.value == "pass"
    report = check_jacobian(layer, lambda x: jacobian(x, 1.5), x0, rng=0)
    assert list(wrong(report)) == [(2, 1)]


def test_a_complex_jacobian_and_its_conjugate() -> None:
    z = POINT + 1j * POINT[::-1]
    matrix = WEIGHTS[:4] + 1j * WEIGHTS[2:]

    def jacobian(z: Any) -> Any:
        return 2 * (matrix @ z)[:, None] * matrix

    assert check_jacobian(lambda z: (matrix @ z) ** 2, jacobian, z, rng=0).verdict.value == "pass"
    report = check_jacobian(lambda z: (matrix @ z) ** 2, lambda z: jacobian(z).conj(), z, rng=0)
    assert slugs(report) == ["not-conjugated"]


def test_real_inputs_with_complex_outputs() -> None:
    transform = np.fft.fft(np.eye(4), axis=0)
    assert check_jacobian(np.fft.fft, transform, POINT, rng=0).verdict.value == "pass"
    assert check_jacobian(np.fft.fft, transform.conj(), POINT, rng=0).verdict.value == "fail"


def test_a_kink_at_the_point() -> None:
    x0 = np.array([1.0, 0.0, -2.0])

    def jacobian(x: Any, at_zero: float) -> Any:
        return np.diag((x > 0) * 1.0 + (x == 0) * at_zero)

    def relu(x: Any) -> Any:
        return np.maximum(x, 0)

    assert check_jacobian(relu, lambda x: jacobian(x, 0.5), x0, rng=0).verdict.value == "pass"
    assert check_jacobian(relu, lambda x: jacobian(x, 3.0), x0, rng=0).verdict.value == "fail"


def test_a_solver_inside_makes_a_small_gap_undecided_and_a_sign_wrong() -> None:
    """GMRES that stops at 1e-5, for the map and for its Jacobian."""
    from scipy.sparse.linalg import gmres

    matrix = 4 * np.eye(12) + np.random.default_rng(0).normal(size=(12, 12)) / 4

    def solve(b: Any) -> Any:
        return gmres(matrix, b, rtol=1e-5)[0]

    def jacobian(x: Any) -> Any:
        return np.stack([gmres(matrix, e, rtol=1e-5)[0] for e in np.eye(12)], axis=1)

    x0 = np.random.default_rng(1).normal(size=12)
    assert check_jacobian(solve, jacobian, x0, rng=0).verdict.value != "fail"
    report = check_jacobian(solve, lambda x: -jacobian(x), x0, rng=0)
    assert slugs(report) == ["sign-flipped"]


SYSTEM = 4 * np.eye(30) + np.random.default_rng(0).normal(size=(30, 30)) / 3
INTO = np.random.default_rng(1).normal(size=(30, 3))
OUT_OF = np.random.default_rng(2).normal(size=(6, 30))
AT = np.array([0.3, -0.4, 0.8])


def half_solved(x: Any) -> Any:
    """Three outputs behind GMRES that stops early, and three that are computed exactly."""
    from scipy.sparse.linalg import gmres

    b = np.tanh(INTO @ x)
    rough = OUT_OF @ gmres(SYSTEM, b, rtol=1e-3, restart=5)[0]
    return np.concatenate([rough[:3], (OUT_OF @ np.linalg.solve(SYSTEM, b))[3:]])


def half_solved_jacobian(x: Any) -> Any:
    return OUT_OF @ np.linalg.solve(SYSTEM, (1 - np.tanh(INTO @ x) ** 2)[:, None] * INTO)


@pytest.mark.parametrize("diagnose", [True, False])
@pytest.mark.parametrize("seed", range(3))
def test_a_solver_behind_some_of_the_outputs_makes_no_right_jacobian_wrong(seed: int, diagnose: bool) -> None:
    report = check_jacobian(half_solved, half_solved_jacobian, AT, diagnose=diagnose, rng=seed)
    assert report.verdict.value == "undecided"
    assert check_jacobian(half_solved, half_solved_jacobian, AT, loss_accuracy=1e-2, rng=seed).verdict.value == "pass"
    assert check_jacobian(half_solved, half_solved_jacobian, AT, loss_accuracy=0, rng=seed).verdict.value == "fail"


@pytest.mark.parametrize("row", [1, 4])
@pytest.mark.parametrize("seed", range(2))
def test_mistakes_in_some_of_these_outputs_are_found(row: int, seed: int) -> None:
    def changed_row(factor: Any) -> Any:
        def jacobian(x: Any) -> Any:
            found = half_solved_jacobian(x)
            found[row] *= factor
            return found

        return jacobian

    report = check_jacobian(half_solved, changed_row(-1), AT, rng=seed)
    assert report.verdict.value == "fail"


@pytest.mark.parametrize("seed", range(2))
def test_a_row_that_is_off_by_much_is_no_tolerance_of_a_solver(seed: int) -> None:
    """All of its entries are off, by no common factor, and the whole by less than a solver may be."""

    def fun(x: Any) -> Any:
        return np.append(100 * np.sin(INTO @ x), np.sum(np.exp(x)))

    def jacobian(x: Any, factor: Any) -> Any:
        return np.vstack([100 * np.cos(INTO @ x)[:, None] * INTO, factor * np.exp(x)])

    assert check_jacobian(fun, lambda x: jacobian(x, 1.0), AT, rng=seed).verdict.value == "pass"
    report = check_jacobian(fun, lambda x: jacobian(x, np.array([1.4, 0.7, 1.9])), AT, rng=seed)
    assert report.verdict.value == "fail"
    assert {entry.index[0] for entry in report.blocks["x"].entries if entry.wrong} == {30}


@pytest.mark.parametrize("seed", range(2))
def test_one_wrong_entry_is_no_tolerance_of_a_solver(seed: int) -> None:
    """In a map without a solver: one entry of one row is off by a small part of its norm."""

    def exact(x: Any) -> Any:
        return OUT_OF @ np.linalg.solve(SYSTEM, np.tanh(INTO @ x))

    def jacobian(x: Any) -> Any:
        found = half_solved_jacobian(x)
        found[2, 1] += 0.003 * np.linalg.norm(found[2])
        return found

    assert check_jacobian(exact, half_solved_jacobian, AT, rng=seed).verdict.value == "pass"
    report = check_jacobian(exact, jacobian, AT, rng=seed)
    assert report.verdict.value == "fail"
    assert [entry.index for entry in report.blocks["x"].entries if entry.wrong] == [(2, 1)]


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("width", [1, 3])
def test_one_wrong_entry_of_an_approximation_is_no_tolerance_of_a_solver(seed: int, width: int) -> None:
    """Every entry is off by about 1e-7, as where differences make the Jacobian, and one of them by a tenth."""
    into, noise = INTO[:, :width], 1e-7 * np.random.default_rng(3).normal(size=(30, width))

    def fun(x: Any) -> Any:
        return np.tanh(into @ x)

    def jacobian(x: Any, factor: float = 1.0) -> Any:
        found = (1 - np.tanh(into @ x) ** 2)[:, None] * into * (1 + noise)
        found[7, 0] *= factor
        return found

    x0 = AT[:width]
    assert check_jacobian(fun, jacobian, x0, rng=seed).verdict.value == "pass"
    report = check_jacobian(fun, lambda x: jacobian(x, 1.1), x0, rng=seed)
    assert report.verdict.value == "fail"
    assert [entry.index for entry in report.blocks["x"].entries if entry.wrong] == [(7, 0)]


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("decay", [1.0, 10.0, 1e4])
def test_rows_behind_a_solver_may_differ_by_orders_of_magnitude(seed: int, decay: float) -> None:
    """GMRES that stops at 1e-3, seen through outputs of which each is smaller than the one before."""
    from scipy.sparse.linalg import gmres

    weights = decay ** -np.arange(6.0)

    def fun(x: Any) -> Any:
        b = np.tanh(INTO @ x)
        return weights * (OUT_OF @ gmres(SYSTEM, b, rtol=1e-3, restart=5)[0])

    def jacobian(x: Any) -> Any:
        return weights[:, None] * half_solved_jacobian(x)

    for width in (1, 3):
        right = check_jacobian(
            lambda x, w=width: fun(np.append(x, AT[w:])),
            lambda x, w=width: jacobian(np.append(x, AT[w:]))[:, :w],
            AT[:width],
            rng=seed,
        )
        assert right.verdict.value != "fail", str(right)


# -- options -----------------------------------------------------------------------------------------------------------


def test_no_point_outside_of_the_bounds_is_evaluated() -> None:
    seen = []

    def fun(x: Any) -> Any:
        seen.append(x.min())
        return np.sqrt(x)

    x0 = np.array([1e-3, 1.0, 4.0, 0.0])
    report = check_jacobian(fun, lambda x: np.diag(0.5 / np.sqrt(x)), x0, bounds=[(0, None)] * 4, rng=0)
    assert report.verdict.value == "pass"
    assert min(seen) >= 0
    assert any("lies on a bound in 1 of 4 entries" in note for note in report.notes)


def test_one_direction_alone() -> None:
    bad = changed(lambda j: put(j, (slice(None), 2), -j[:, 2]))
    along, across = np.array([0.0, 0, 1, 0]), np.array([1.0, 0, 0, 0])
    assert check_jacobian(layer, bad, POINT, direction=along, rng=0).verdict.value == "fail"
    report = check_jacobian(layer, bad, POINT, direction=across, rng=0)
    assert report.verdict.value == "pass"
    assert any("only the product with the direction" in note for note in report.notes)


def test_every_entry_on_request() -> None:
    report = check_jacobian(layer, layer_jacobian, POINT, entries=True, rng=0)
    assert report.verdict.value == "pass"
    assert len(report.blocks["x"].entries) == 24
    right = layer_jacobian(POINT)
    assert all(abs(entry.numeric - right[entry.index]) <= entry.error for entry in report.blocks["x"].entries)


def test_without_a_diagnosis() -> None:
    report = check_jacobian(layer, changed(lambda j: -j), POINT, diagnose=False, rng=0)
    assert report.verdict.value == "fail"
    assert report.findings == ()
    assert report.evaluations < 130


def test_the_same_seed_gives_the_same_report() -> None:
    first, second = (check_jacobian(layer, with_entry(1.1), POINT, rng=7) for _ in range(2))
    assert first.evaluations == second.evaluations
    assert first.blocks == second.blocks
    assert first.seed == 7


def test_arguments_and_the_point_are_left_as_they_were() -> None:
    x0, scale = POINT.copy(), np.ones(4)

    def fun(x: Any, scale: Any) -> Any:
        x *= 2
        scale += 1
        return np.sin(x)

    report = check_jacobian(fun, lambda x, scale: np.diag(2 * np.cos(2 * x)), x0, args=(scale,), rng=0)
    assert report.verdict.value == "pass"
    assert "mutates-input" in slugs(report)
    np.testing.assert_array_equal(x0, POINT)
    np.testing.assert_array_equal(scale, np.ones(4))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((np.sin, lambda x: np.cos(x), POINT), r"with shape \(4,\), but the outputs and inputs make it \(4, 4\)"),
        ((layer, lambda x: layer_jacobian(x).T, POINT), "transpose it"),
        ((layer, lambda x: None, POINT), "returned None instead of the Jacobian"),
        ((lambda x: None, layer_jacobian, POINT), "returned None instead of the outputs"),
        ((lambda x: np.log(x), np.diag, -(POINT**2)), "nan in f"),
        ((lambda x: np.zeros(0), np.diag, POINT), "nothing to differentiate"),
        ((nested, lambda p: {"r": {"a": 1}}, {"a": POINT, "b": 1.0}), "there are the outputs r, s"),
        ((lambda x: "text", layer_jacobian, POINT), "outputs are arrays of numbers"),
    ],
)
def test_what_cannot_be_checked_is_refused(arguments: Any, message: str) -> None:
    with np.errstate(invalid="ignore"), pytest.raises((SubjectError, SubjectTypeError), match=message):
        check_jacobian(*arguments, rng=0)


@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        ((layer, None, POINT), {}, "jac is None: pass the function"),
        ((layer, POINT, layer_jacobian), {}, "x0 is a function"),
        ((layer_jacobian(POINT), layer, POINT), {}, "fun is a numpy.ndarray"),
        ((layer, layer_jacobian, POINT), {"workers": "two"}, "workers is 'two'"),
        ((layer, layer_jacobian, POINT), {"bounds": 3}, "bounds is a int"),
    ],
)
def test_wrong_arguments_are_refused(arguments: Any, options: Any, message: str) -> None:
    with pytest.raises(SubjectTypeError, match=message):
        check_jacobian(*arguments, **options)


def test_a_point_outside_of_the_bounds_is_refused() -> None:
    with pytest.raises(SubjectError, match="x0 lies outside of bounds"):
        check_jacobian(layer, layer_jacobian, POINT, bounds=[(5, 6)] * 4)


def test_the_report_speaks_of_a_derivative() -> None:
    text = str(check_jacobian(layer, layer_jacobian, POINT, rng=0))
    assert "jacobian" in text.splitlines()[0]
    assert "The derivative is right to within the stated resolution." in text
    assert "loss" not in text


def test_the_report_as_json() -> None:
    import json

    from gradcheck.reports.json import json_of

    found = json.loads(json_of(check_jacobian(layer, with_entry(2.0), POINT, rng=0)))
    assert found["verdict"] == "fail"
    assert found["blocks"][0]["worst"]["index"] == [2, 1]
    assert found["loss"] == "NaN"


def test_assert_jacobian() -> None:
    assert gradcheck.assert_jacobian(layer, layer_jacobian, POINT, rng=0)
    with pytest.raises(gradcheck.GradientMismatch, match="isolated-entries"):
        gradcheck.assert_jacobian(layer, with_entry(2.0), POINT, rng=0)


@pytest.mark.parametrize("seed", range(3))
def test_the_rate_of_a_taylor_test(seed: int) -> None:
    """The remainder is of second order for a right derivative, and of first order for a wrong one."""

    def rates(jacobian: Any) -> list[float]:
        report = check_jacobian(layer, jacobian, POINT, method="taylor", rng=seed)
        (note,) = [note for note in report.notes if note.startswith("Taylor test")]
        return [float(rate) for rate in note.split(" are ")[1].split(":")[0].split(", ")]

    assert rates(layer_jacobian) == pytest.approx([2, 2, 2], abs=0.2)
    assert rates(changed(lambda j: 1.5 * j)) == pytest.approx([1, 1, 1], abs=0.2)


def test_the_complex_step_as_a_witness() -> None:
    def noted(fun: Any, jacobian: Any) -> str:
        report = check_jacobian(fun, jacobian, POINT, method="complex", rng=0)
        return next(note for note in report.notes if note.startswith("complex step"))

    assert "agree to rounding" in noted(layer, layer_jacobian)
    assert "rounding explains" in noted(layer, with_entry(1 + 1e-6))
    assert "drops imaginary parts" in noted(lambda x: layer(np.real(x)), layer_jacobian)
    assert "does not take complex numbers" in noted(
        lambda x: layer(np.sort(x.astype(float, casting="safe"))), layer_jacobian
    )


def test_an_unknown_method_is_refused() -> None:
    with pytest.raises(SubjectError, match="method is 'fast': pass 'gradcheck', 'taylor', 'complex', 'jax'"):
        check_jacobian(layer, layer_jacobian, POINT, method="fast")  # type: ignore[arg-type]


@pytest.mark.parametrize("seed", range(4))
def test_small_errors_everywhere_do_not_fail_where_sums_of_outputs_cancel(seed: int) -> None:
    """Each entry is off by at most 2e-6; entries of Jᵀu may cancel, and be off by more than the tolerance."""
    error = np.random.default_rng(0).uniform(-2e-6, 2e-6, (6, 4))
    report = check_jacobian(layer, lambda x: layer_jacobian(x) * (1 + error), POINT, rng=seed)
    assert report.verdict.value != "fail"


@pytest.mark.parametrize("seed", range(4))
def test_an_error_that_one_output_shows_and_their_sum_does_not(seed: int) -> None:
    """In nested outputs, each checked alone: the sum over the first output is right to within the tolerance."""

    def fun(x: Any) -> Any:
        return {"a": layer(x), "b": x**2}

    def jacobian(x: Any) -> Any:
        return {"a": with_entry(1 + 5e-4)(x), "b": np.diag(2 * x)}

    report = check_jacobian(fun, jacobian, POINT, rng=seed)
    assert report.verdict.value == "fail"
    assert report.blocks["(b, x)"].passes


@pytest.mark.parametrize("seed", range(4))
def test_one_wrong_entry_of_a_large_sparse_jacobian_is_found_within_few_evaluations(seed: int) -> None:
    n, row = 100_000, 777 * (seed + 1)

    def fun(x: Any) -> Any:
        return np.append(x[:-1] ** 2 - x[1:], x[-1] ** 3)

    def jacobian(x: Any, factor: float = 1.5) -> Any:
        diagonals: Any = [np.append(2 * x[:-1], 3 * x[-1] ** 2), -np.ones(n - 1)]
        found = scipy.sparse.diags_array(diagonals, offsets=[0, 1], format="csr")
        found.data[found.indptr[row] + 1] *= factor
        return found

    x0 = np.random.default_rng(seed).normal(size=n)
    report = check_jacobian(fun, jacobian, x0, rng=seed)
    assert report.verdict.value == "fail"
    assert [entry.index for entry in report.blocks["x"].entries if entry.wrong] == [(row, row + 1)]
    assert report.evaluations <= 600
    assert check_jacobian(fun, lambda x: jacobian(x, 1.0), x0, rng=seed).verdict.value == "pass"
