"""What a loss writes into its batch is undone and named; what it does not write into costs nothing and is not named."""

from __future__ import annotations

import contextlib
import copy
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
import scipy.sparse

from gradcheck import check_gradients
from gradcheck.reports.report import Report
from gradcheck.subjects.guard import SMALL, Guard, identical, named_arguments
from tests.cases import Array

X = np.random.default_rng(0).uniform(0.0, 255.0, (4, 3))


class Linear:
    """Squared norm of Xa; X is what `read` makes of the batch, at each call."""

    def __init__(self, read: Callable[..., Array], factor: float = 1.0) -> None:
        self.params = {"a": np.array([0.3, 0.4, 0.5])}
        self.read, self.factor = read, factor

    def loss(self, *batch: Any) -> Any:
        x = self.read(*batch)
        z = x @ self.params["a"]
        return float(z @ z), {"a": self.factor * 2 * x.T @ z}


def scaled(x: Array) -> Array:
    x /= 255.0
    return x


def one_row(x: Array) -> Array:
    x[0] = 0.0
    return x


def shuffled(x: Array) -> Array:
    x[:] = x[::-1].copy()
    return x


def reshaped(x: Array) -> Array:
    x.shape = (-1, 3)
    return x


def nested(batch: dict[str, Any]) -> Array:
    batch["parts"][1]["x"] -= 1.0
    found: Array = batch["parts"][1]["x"]
    return found


def replaced(batch: dict[str, Array]) -> Array:
    batch["x"] = batch["x"] / 2
    return batch["x"]


def rows(batch: list[list[float]]) -> Array:
    batch[0][0] *= 0.5
    return np.array(batch)


def popped(batch: list[Array]) -> Array:
    return batch.pop()


def masked(x: Any) -> Array:
    x[0, 0] = np.ma.masked
    return np.asarray(x.filled(0.0))


WRITING: list[tuple[Callable[..., Any], Any, str]] = [
    (scaled, X, "batch[0]"),
    (one_row, X, "batch[0]"),
    (shuffled, np.asfortranarray(X), "batch[0]"),
    (scaled, np.repeat(X, 2, axis=1)[:, ::2], "batch[0]"),
    (scaled, X.astype(np.float32), "batch[0]"),
    (reshaped, X.ravel(), "batch[0]"),
    (nested, {"parts": (0, {"x": X})}, "batch[0]['parts'][1]['x']"),
    (replaced, {"x": X}, "batch[0]"),
    (rows, X.tolist(), "batch[0][0]"),
    (popped, [X], "batch[0]"),
    (masked, np.ma.masked_less(X, 50.0), "batch[0].mask"),
]


@pytest.mark.filterwarnings("ignore:Setting the shape:DeprecationWarning")  # by the loss itself
@pytest.mark.parametrize(
    ("read", "batch", "name"), WRITING, ids=[f"{i} {row[0].__name__}" for i, row in enumerate(WRITING)]
)
def test_a_batch_that_the_loss_writes_into_is_restored_and_named(read: Any, batch: Any, name: str) -> None:
    for factor, expected in ((1.0, "pass"), (1.1, "fail")):
        given = copy.deepcopy(batch)
        report = check_gradients(Linear(read, factor), batch=(given,), rng=0)
        assert report.verdict.value == expected
        (finding,) = [finding for finding in report.findings if finding.code == "GC504"]
        assert finding.evidence.startswith(f"Linear.loss() writes into {name};")
        assert repr(given) == repr(batch)


def filled(x: Array, cache: dict[str, Any]) -> Array:
    cache["z"] = cache["again"] = x + 0.0
    return x


@pytest.mark.parametrize("cache", [{}, {"z": None}])
def test_a_cache_that_is_passed_empty_may_be_filled(cache: dict[str, Any]) -> None:
    before = dict(cache)

    class Cached(Linear):
        def loss(self, *batch: Any) -> Any:
            return super().loss(*batch)[0]

        def gradient(self, x: Array, cache: dict[str, Any]) -> Any:
            return {"a": self.factor * 2 * cache["z"].T @ (cache["z"] @ self.params["a"])}

    assert not check_gradients(Cached(filled), batch=(X, cache), rng=0).findings
    assert check_gradients(Cached(filled, 2.0), batch=(X, cache), rng=0).verdict.value == "fail"
    assert cache == before


def test_a_gradient_that_relies_on_what_the_loss_wrote_is_judged_on_its_own() -> None:
    def loss(a: Array, x: Array) -> float:
        x -= x.mean(axis=0)
        return float(np.sum((x @ a) ** 2))

    def checked(gradient: Any) -> Report:
        return check_gradients(loss, gradient, np.array([0.3, 0.4, 0.5]), args=(X,), rng=0)

    before = X.copy()
    report = checked(lambda a, x: 2 * x.T @ (x @ a))
    assert report.verdict.value == "fail"
    evidence = next(finding.evidence for finding in report.findings if finding.code == "GC504")
    assert "loss() writes into args[0] (x);" in evidence
    assert checked(lambda a, x: 2 * (x - x.mean(0)).T @ ((x - x.mean(0)) @ a)).verdict.value == "pass"
    assert identical(X, before)


@pytest.mark.parametrize("workers", [None, "threads", 2])
def test_arguments_are_restored_however_the_loss_is_evaluated(workers: Any) -> None:
    def loss(a: Array, x: Array) -> float:
        x[x > 100.0] = 100.0
        return float(np.sum((x @ a) ** 2))

    def gradient(a: Array, x: Array) -> Any:
        small = np.minimum(x, 100.0)
        return 2 * small.T @ (small @ a)

    before = X.copy()
    with ThreadPoolExecutor(3) as pool:
        chosen = pool.map if workers == "threads" else workers
        assert check_gradients(loss, gradient, np.array([0.3, 0.4, 0.5]), args=(X,), rng=0, workers=chosen)
    assert identical(X, before)


@pytest.mark.parametrize("samples", [4, SMALL // 8])
@pytest.mark.parametrize("kth", [2, 9, 15])
@pytest.mark.parametrize(("factor", "expected"), [(1.0, "pass"), (1.1, "fail")])
def test_a_late_write_is_undone_before_it_decides(samples: int, kth: int, factor: float, expected: str) -> None:
    x = np.random.default_rng(1).standard_normal((samples, 3))
    before, calls = x.copy(), iter(range(1, 10_000))

    def late(x: Array) -> Array:
        if next(calls) == kth:
            x *= 1.5
        return x

    class Separate(Linear):
        def loss(self, *batch: Any) -> Any:
            return super().loss(*batch)[0]

        def gradient(self, x: Array) -> Any:
            return {"a": self.factor * 2 * x.T @ (x @ self.params["a"])}

    report = check_gradients(Separate(late, factor), batch=(x,), rng=0)
    assert identical(x, before)
    if kth > 2:  # else the loss at the point itself is another at each call
        assert report.verdict.value == expected
    assert "GC504" in {finding.code for finding in report.findings}


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
@pytest.mark.parametrize("kth", [1, 2, 6])
def test_a_batch_is_restored_when_the_loss_raises(error: type[BaseException], kth: int) -> None:
    calls = iter(range(1, 10_000))

    def raising(x: Array) -> Array:
        x *= 2
        if next(calls) == kth:
            raise error
        return x

    given = X.copy()
    with contextlib.suppress(error):
        check_gradients(Linear(raising), batch=(given,), rng=0)
    assert identical(given, X)


def test_sparse_matrices_are_restored() -> None:
    def halved(a: Any) -> Any:
        a.data *= 0.5
        return a

    matrix = scipy.sparse.csr_matrix(X)
    report = check_gradients(Linear(halved), batch=(matrix,), rng=0)
    assert report.verdict.value == "pass"
    assert "batch[0].data" in report.findings[0].evidence
    assert identical(matrix.toarray(), X)


def test_a_batch_that_is_only_read_is_the_users_own_and_not_named() -> None:
    seen = []
    frozen = X.copy()
    frozen.flags.writeable = False

    def read(x: Array) -> Array:
        seen.append(x)
        x = x / 2
        x -= 1.0
        return x

    for batch in (X, frozen):
        report = check_gradients(Linear(read), batch=(batch,), rng=0)
        assert report.verdict.value == "pass"
        assert not report.findings
        assert all(each is batch for each in seen)
        seen.clear()


def test_x0_is_restored_if_the_loss_writes_into_it_by_another_name() -> None:
    weights = np.array([0.3, -0.0, 0.5])
    before = weights.copy()

    def loss(p: Array) -> float:
        weights[:] = p
        return float(np.sin(weights).sum())

    assert check_gradients(loss, np.cos, weights, rng=0)
    assert not check_gradients(loss, np.sin, weights, rng=0)
    assert identical(weights, before)


def test_a_session_leaves_later_changes_of_the_user_alone() -> None:
    batch = np.zeros(3)
    guard = Guard([("batch", batch)])
    with guard.session():
        guard.call("f()", lambda: batch.fill(1.0))
    assert not batch.any()
    batch += 2.0
    with guard.session():
        guard.call("f()", batch.sum)
    assert batch.tolist() == [2.0, 2.0, 2.0]
    assert guard.call("f()", lambda: batch.fill(1.0)) is None
    assert batch.tolist() == [2.0, 2.0, 2.0]


def test_bits_are_compared_in_every_layout() -> None:
    for dtype in (np.float16, np.float32, np.float64, np.longdouble, np.int8, bool, complex):
        for array in (
            np.ones((3, 5), dtype),
            np.ones((5, 3), dtype).T,
            np.ones((6, 5), dtype)[::2],
            np.ones((), dtype),
        ):
            other = array.copy()
            assert identical(array, other)
            other[(-1,) * array.ndim] = 0
            assert not identical(array, other)


def test_arguments_are_called_by_their_place_and_name() -> None:
    assert named_arguments("batch", (1, 2, 3), lambda x, *more: None) == [
        ("batch[0] (x)", 1),
        ("batch[1]", 2),
        ("batch[2]", 3),
    ]
    assert named_arguments("args", (1,), max, 1) == [("args[0]", 1)]


@pytest.mark.parametrize("dtype", ["float64", "bfloat16", "complex64"])
@pytest.mark.parametrize("nested", [False, True])
def test_tensors_are_restored(dtype: str, nested: bool) -> None:
    torch = pytest.importorskip("torch")
    x = torch.tensor([[1.0, 2.0], [3.0, 4.0]]).to(getattr(torch, dtype)).T
    before = x.clone()
    guard = Guard([("args[0]", [x] if nested else x)])
    guard.call("read", lambda: x * 2)
    assert not guard.evidence
    guard.call("write", lambda: x.mul_(2))
    assert torch.equal(x, before)
    assert guard.evidence == f"write writes into args[0]{'[0]' * nested}; this is undone after each call"
