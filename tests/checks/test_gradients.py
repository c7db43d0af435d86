"""`check_gradients`: points of any kind, nested parameters, options, and errors that name the argument."""

from __future__ import annotations

import pickle
import warnings
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import nullcontext
from typing import Any, NamedTuple

import numpy as np
import pytest

from gradcheck import GradientMismatch, SubjectError, SubjectTypeError, assert_gradients, check_gradients
from gradcheck.reports.json import plain
from tests.cases import BATCH, Array, SoftmaxRegression, TanhModel, logcosh, verdict


class Pair(NamedTuple):
    weight: Any
    bias: Any


def timeless(report: Any) -> dict[str, Any]:
    return {key: value for key, value in plain(report).items() if key != "seconds"}


def wrong(x: Array) -> Array:
    return 1.05 * np.tanh(x)


VECTOR = np.linspace(-1.0, 2.0, 12)
READ_ONLY = VECTOR.copy()
READ_ONLY.flags.writeable = False

POINTS: dict[str, Any] = {
    "vector": VECTOR,
    "one entry": np.array([0.7]),
    "0-d array": np.array(0.7),
    "numpy scalar": np.float64(0.7),
    "float": 0.7,
    "matrix": VECTOR.reshape(3, 4),
    "four dimensions": VECTOR.reshape(1, 3, 2, 2),
    "Fortran order": np.asfortranarray(VECTOR.reshape(3, 4)),
    "strided": np.linspace(-1.0, 2.0, 24)[::2],
    "reversed": VECTOR[::-1],
    "transposed view": VECTOR.reshape(3, 4).T,
    "broadcast": np.broadcast_to(np.array([0.3, -0.9]), (3, 2)),
    "read-only": READ_ONLY,
    "big-endian": VECTOR.astype(">f8"),
    "float32": VECTOR.astype(np.float32),
    "long double": VECTOR.astype(np.longdouble),
}


@pytest.mark.parametrize("x0", POINTS.values(), ids=POINTS.keys())
def test_point_of_any_kind_is_checked(x0: Any) -> None:
    before = np.array(x0)
    assert verdict(logcosh, np.tanh, x0) == "pass"
    assert verdict(logcosh, wrong, x0) == "fail"
    np.testing.assert_array_equal(x0, before)


def test_half_precision_is_held_to_its_own_tolerance() -> None:
    x0 = VECTOR.astype(np.float16)
    assert verdict(logcosh, np.tanh, x0) == "pass"
    assert verdict(logcosh, lambda x: 2 * np.tanh(x), x0) == "fail"


def test_list_of_floats_is_read_as_an_array() -> None:
    seen: list[type] = []

    def loss(x: Array) -> float:
        seen.append(type(x))
        return logcosh(x)

    assert verdict(loss, lambda x: list(np.tanh(x)), [0.5, -0.25, 1.0]) == "pass"
    assert verdict(loss, lambda x: list(wrong(x)), [0.5, -0.25, 1.0]) == "fail"
    assert set(seen) == {np.ndarray}


def scaled(tree: Any, factor: float) -> Any:
    """The gradient of the sum of log cosh over all leaves, times a factor in the last leaf."""
    if isinstance(tree, dict):
        last = list(tree)[-1]
        return {key: scaled(value, factor if key == last else 1.0) for key, value in tree.items()}
    if isinstance(tree, Pair):
        return Pair(scaled(tree.weight, 1.0), scaled(tree.bias, factor))
    if isinstance(tree, (list, tuple)):
        return type(tree)(scaled(value, factor if i == len(tree) - 1 else 1.0) for i, value in enumerate(tree))
    return factor * np.tanh(tree)


def total(tree: Any) -> float:
    if isinstance(tree, dict):
        return sum(total(value) for value in tree.values())
    if isinstance(tree, (list, tuple)):
        return sum(total(value) for value in tree)
    return logcosh(tree)


ONE, TWO = np.array([[0.5, -1.5]]), np.array([0.25, 0.75, 1.25])
NESTED: dict[str, tuple[Any, list[str]]] = {
    "dict": ({"W": ONE, "b": TWO}, ["W", "b"]),
    "dict with one key": ({"theta": TWO}, ["theta"]),
    "dict with the key x": ({"x": TWO}, ["x"]),
    "list": ([ONE, TWO], ["0", "1"]),
    "tuple": ((ONE, TWO), ["0", "1"]),
    "named tuple": (Pair(ONE, TWO), ["weight", "bias"]),
    "deep": ({"layers": [{"W": ONE}, (TWO, 0.5)], "scale": 1.5}, ["layers.0.W", "layers.1.0", "layers.1.1", "scale"]),
    "keys out of order": ({"z": ONE, "a": TWO}, ["z", "a"]),
}


@pytest.mark.parametrize(("x0", "names"), NESTED.values(), ids=NESTED.keys())
def test_nested_parameters_are_checked_block_by_block(x0: Any, names: list[str]) -> None:
    right = check_gradients(total, lambda p: scaled(p, 1.0), x0, rng=0)
    spoiled = check_gradients(total, lambda p: scaled(p, 1.01), x0, rng=0)
    assert right.verdict.value == "pass"
    assert spoiled.verdict.value == "fail"
    assert list(right.blocks) == names
    assert [block.verdict.value for block in spoiled.blocks.values()] == ["pass"] * (len(names) - 1) + ["fail"]


def test_named_tuple_of_floats_reaches_the_function_as_one() -> None:
    def loss(p: Pair) -> float:
        return float(p.weight**2 + 3.0 * p.bias)

    assert verdict(loss, lambda p: Pair(2 * p.weight, 3.0), Pair(0.5, -0.75)) == "pass"
    assert verdict(loss, lambda p: Pair(2 * p.weight, 2.0), Pair(0.5, -0.75)) == "fail"


@pytest.mark.parametrize("x0", [{"a.b": TWO, "a": {"b": ONE[0, 0] * TWO}}, {1: TWO, "1": -2 * TWO}])
def test_blocks_whose_names_collide_are_kept_apart(x0: Any) -> None:
    right = check_gradients(total, lambda p: scaled(p, 1.0), x0, rng=0)
    assert right.verdict.value == "pass"
    assert len(right.blocks) == 2
    assert verdict(total, lambda p: scaled(p, 1.01), x0) == "fail"


def test_one_function_may_return_the_pair() -> None:
    assert verdict(lambda x: (logcosh(x), np.tanh(x)), True, VECTOR) == "pass"
    assert verdict(lambda x: (logcosh(x), wrong(x)), True, VECTOR) == "fail"


def test_args_reach_both_functions() -> None:
    def loss(x: Array, a: float, b: float) -> float:
        return float(np.sum(a * x**2 + b * x))

    assert verdict(loss, lambda x, a, b: 2 * a * x + b, VECTOR, args=(3.0, -1.0)) == "pass"
    assert verdict(loss, lambda x, a, b: 2 * a * x - b, VECTOR, args=(3.0, -1.0)) == "fail"


def test_single_argument_needs_no_tuple() -> None:
    matrix = np.diag([1.0, 2.0, 3.0])
    assert verdict(lambda x, m: float(x @ m @ x), lambda x, m: 2 * m @ x, np.ones(3), args=matrix) == "pass"


@pytest.mark.parametrize(
    ("factor", "rtol", "expected"),
    [(1.0, 1e-6, "pass"), (1 + 1e-5, 1e-6, "fail"), (1 + 1e-5, 1e-3, "pass"), (1 + 1e-2, 1e-3, "fail")],
)
def test_rtol_decides_which_errors_fail(factor: float, rtol: float, expected: str) -> None:
    assert verdict(logcosh, lambda x: factor * np.tanh(x), VECTOR, rtol=rtol) == expected


@pytest.mark.parametrize(
    "source", [lambda: 7, lambda: np.int64(7), lambda: np.random.default_rng(7), lambda: np.random.SeedSequence(7)]
)
@pytest.mark.parametrize("claim", [np.tanh, wrong])
def test_same_seed_gives_the_same_report(source: Callable[[], Any], claim: Any) -> None:
    first = check_gradients(logcosh, claim, VECTOR, rng=source())
    second = check_gradients(logcosh, claim, VECTOR, rng=source())
    assert timeless(first) == timeless(second)


@pytest.mark.parametrize("source", [lambda: None, lambda: np.random.default_rng(7), lambda: np.random.SeedSequence(7)])
def test_reported_seed_reproduces_the_check(source: Callable[[], Any]) -> None:
    first = check_gradients(logcosh, wrong, VECTOR, rng=source())
    assert timeless(first) == timeless(check_gradients(logcosh, wrong, VECTOR, rng=first.seed))


def test_fresh_seeds_differ() -> None:
    seeds = {check_gradients(logcosh, np.tanh, VECTOR).seed for _ in range(3)}
    assert len(seeds) == 3


def test_global_state_is_left_alone() -> None:
    state = np.random.get_state()[1].copy()  # type: ignore[index]  # noqa: NPY002
    filters = list(warnings.filters)
    with np.errstate(all="raise"):
        assert verdict(lambda x: float(np.sum(np.log(x))), lambda x: 1 / x, np.array([1e-3, 1.0]), rng=None) == "pass"
        assert set(np.geterr().values()) == {"raise"}
    assert warnings.filters == filters
    np.testing.assert_array_equal(np.random.get_state()[1], state)  # type: ignore[index]  # noqa: NPY002


@pytest.mark.parametrize("claim", [np.tanh, wrong], ids=["right", "wrong"])
@pytest.mark.parametrize("budget", [20, 30, 40, 60, 200])
def test_budget_bounds_the_evaluations(claim: Any, budget: int) -> None:
    calls = 0

    def loss(x: Array) -> float:
        nonlocal calls
        calls += 1
        return logcosh(x)

    report = check_gradients(loss, claim, np.linspace(-1, 2, 500), rng=0, budget=budget)
    assert report.evaluations == calls
    assert calls <= budget
    assert report.verdict.value in ({"pass", "undecided"} if claim is np.tanh else {"fail", "undecided"})


def test_one_parameter_is_cheap_wherever_it_is() -> None:
    for seed in range(100):
        x = np.random.default_rng(seed).standard_normal(1)
        report = check_gradients(logcosh, np.tanh, x, rng=seed)
        assert report
        assert report.evaluations <= 40


def test_entries_are_measured_one_by_one_on_demand() -> None:
    report = check_gradients(logcosh, np.tanh, VECTOR, rng=0, entries=True)
    entries = report.blocks["x"].entries
    assert report
    assert [entry.index for entry in entries] == [(i,) for i in range(12)]
    np.testing.assert_allclose([entry.numeric for entry in entries], np.tanh(VECTOR), rtol=1e-5)
    assert not any(entry.wrong for entry in entries)
    assert check_gradients(logcosh, np.tanh, VECTOR, rng=0).blocks["x"].entries == ()


def test_threads_change_nothing() -> None:
    alone = check_gradients(logcosh, wrong, VECTOR, rng=0)
    with ThreadPoolExecutor(2) as pool:
        assert timeless(check_gradients(logcosh, wrong, VECTOR, rng=0, workers=pool.map)) == timeless(alone)


class Gathering:
    """What a client of Dask does: `map` gives futures of pickled calls, `gather` their results."""

    def map(self, function: Any, points: Any, *, pure: bool) -> list[Any]:
        assert isinstance(points, list)
        assert not pure  # two steps to one point are two evaluations
        return [lambda point=point: pickle.loads(pickle.dumps(function))(point) for point in points]

    def gather(self, futures: list[Any]) -> list[Any]:
        return [future() for future in futures]


@pytest.mark.parametrize("kind", [ThreadPoolExecutor, ProcessPoolExecutor, None], ids=["threads", "processes", "dask"])
@pytest.mark.parametrize("factor", [1.0, 2.0])
def test_executors_give_the_same_report(kind: Any, factor: float) -> None:
    def local(x: Array) -> float:  # which pickle alone does not know
        return logcosh(x)

    def claim(x: Array) -> Array:
        return factor * np.tanh(x)

    alone = check_gradients(local, claim, VECTOR, rng=0)
    with kind(2) if kind is not None else nullcontext(Gathering()) as pool:
        assert timeless(check_gradients(local, claim, VECTOR, rng=0, workers=pool)) == timeless(alone)


@pytest.mark.parametrize(("factor", "expected"), [(1.0, "pass"), (1.05, "fail")])
def test_processes_change_nothing(factor: float, expected: str) -> None:
    case = SoftmaxRegression()
    claim = case.spoiled("W", lambda g: factor * g)
    alone = check_gradients(case.loss, claim, case.start, rng=0)
    together = check_gradients(case.loss, claim, case.start, rng=0, workers=2)
    assert together.verdict.value == expected
    assert timeless(together) == timeless(alone)


def test_progress_is_reported_after_each_evaluation() -> None:
    calls: list[tuple[int, str]] = []
    report = check_gradients(logcosh, np.tanh, VECTOR, rng=0, progress=lambda done, stage: calls.append((done, stage)))
    counts = [done for done, _ in calls]
    assert counts == sorted(counts)
    assert counts[-1] == report.evaluations
    assert all(stage for _, stage in calls)


def test_progress_bar_keeps_off_standard_output(capsys: pytest.CaptureFixture[str]) -> None:
    assert verdict(logcosh, np.tanh, VECTOR, progress=True) == "pass"
    assert capsys.readouterr().out == ""


def test_assert_gradients_returns_the_report_of_a_right_gradient() -> None:
    assert assert_gradients(logcosh, np.tanh, VECTOR, rng=0).verdict.value == "pass"
    assert assert_gradients(TanhModel(), batch=BATCH, rng=0).verdict.value == "pass"


def test_assert_gradients_raises_an_assertion_error_with_the_report() -> None:
    with pytest.raises(AssertionError, match="FAIL") as caught:
        assert_gradients(logcosh, wrong, VECTOR, rng=0)
    assert isinstance(caught.value, GradientMismatch)
    assert caught.value.report.verdict.value == "fail"
    assert str(caught.value) == str(caught.value.report)
    assert pickle.loads(pickle.dumps(caught.value)).report == caught.value.report


def test_a_shortened_mismatch_is_one_line_also_after_pickling() -> None:
    with pytest.raises(GradientMismatch) as caught:
        assert_gradients(logcosh, wrong, VECTOR, rng=0)
    caught.value.shorten()
    for error in (caught.value, pickle.loads(pickle.dumps(caught.value))):
        assert str(error) == caught.value.report.line
        assert error.report == caught.value.report


def test_assert_gradients_raises_when_undecided() -> None:
    noise = np.random.default_rng(0)
    with pytest.raises(GradientMismatch, match="UNDECIDED"):
        assert_gradients(lambda x: logcosh(x) + noise.normal(), np.tanh, VECTOR, rng=0)


BAD_OPTIONS: list[tuple[dict[str, Any], type[Exception], str]] = [
    ({"method": "fast"}, SubjectError, "method is 'fast'.*'textbook'"),
    ({"progress": "yes"}, SubjectTypeError, "progress"),
    ({"batch": (1, 2)}, SubjectTypeError, "batch is for a model.*args="),
    ({"batch": 5}, SubjectTypeError, "batch is for a model.*args="),
]


@pytest.mark.parametrize(("options", "error", "message"), BAD_OPTIONS)
def test_bad_option_is_named(options: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        check_gradients(logcosh, np.tanh, VECTOR, rng=0, **options)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((logcosh,), "missing grad and x0.*check_gradients"),
        ((logcosh, np.tanh), "missing x0.*check_gradients"),
        ((3.0,), "cannot check an object of type float.*params.*loss"),
        ((None,), "cannot check an object of type NoneType"),
        (("loss", np.tanh, VECTOR), "fun is a str"),
        ((logcosh, None, VECTOR), "grad is None.*True if"),
        ((logcosh, VECTOR, np.tanh), "(?s)grad is .*pass the function"),
        ((logcosh, np.tanh, None), "x0 is None"),
    ],
)
def test_missing_or_misplaced_argument_is_named(arguments: tuple[Any, ...], message: str) -> None:
    with pytest.raises(SubjectTypeError, match=message):
        check_gradients(*arguments, rng=0)


def test_args_of_a_model_are_refused_with_the_remedy() -> None:
    class NoBatch(TanhModel):
        def loss(self, inputs: Array = BATCH[0], targets: Array = BATCH[1]) -> Any:
            return super().loss(inputs, targets)

        def gradient(self, inputs: Array = BATCH[0], targets: Array = BATCH[1]) -> Any:
            return super().gradient(inputs, targets)

    assert verdict(NoBatch()) == "pass"
    with pytest.raises(SubjectTypeError, match=r"args.*batch="):
        check_gradients(NoBatch(), args=BATCH, rng=0)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("claimed", [3.0, 0.0])
def test_a_single_entry_of_a_large_block_on_which_the_loss_does_not_depend(claimed: float, seed: int) -> None:
    """All other claims of the block are zero, rightly."""
    x0 = {"a": np.random.default_rng(seed).normal(size=100_000), "b": np.array([1.5, 0.3])}

    def loss(p: Any) -> float:
        return float(np.sum(p["b"] ** 2))

    def gradient(p: Any) -> Any:
        of_a = np.zeros(100_000)
        of_a[777] = claimed
        return {"a": of_a, "b": 2 * p["b"]}

    report = check_gradients(loss, gradient, x0, diagnose=False, rng=seed)
    assert report.blocks["a"].verdict.value == ("fail" if claimed else "pass")
