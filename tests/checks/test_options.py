"""Options of a check: refused with the remedy, or with defaults by type."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gradcheck import SubjectError, SubjectTypeError, check_gradients
from tests.cases import BATCH, Array, TanhModel, logcosh

X = np.linspace(-1.0, 2.0, 5)

BAD: list[tuple[dict[str, Any], type[Exception], str]] = [
    ({"rtol": 0.0}, SubjectError, "rtol is 0.0.*between 0 and 1"),
    ({"rtol": -1e-5}, SubjectError, "rtol is -1e-05"),
    ({"rtol": 1}, SubjectError, "rtol is 1"),
    ({"rtol": np.nan}, SubjectError, "rtol is nan"),
    ({"rtol": "small"}, SubjectTypeError, "rtol"),
    ({"rtol": [1e-5, 1e-4]}, SubjectTypeError, "rtol"),
    ({"rng": "seed"}, SubjectTypeError, "rng is a str.*Generator"),
    ({"rng": 1.5}, SubjectTypeError, "rng is a float"),
    ({"rng": -1}, SubjectError, "rng is -1: a seed may not be negative"),
    ({"rng": np.random.RandomState(0)}, SubjectTypeError, "rng is a RandomState.*Generator"),
    ({"budget": 0}, SubjectError, "budget is 0.*at least 20"),
    ({"budget": 19}, SubjectError, "budget is 19.*at least 20"),
    ({"budget": -5}, SubjectError, "budget is -5"),
    ({"budget": "many"}, SubjectTypeError, "budget"),
    ({"budget": 100.5}, SubjectTypeError, "budget"),
    ({"loss_accuracy": -1e-5}, SubjectError, "loss_accuracy is -1e-05.*such as 1e-5, or 0"),
    ({"loss_accuracy": 1}, SubjectError, "loss_accuracy is 1"),
    ({"loss_accuracy": 2.5}, SubjectError, "loss_accuracy is 2.5"),
    ({"loss_accuracy": np.nan}, SubjectError, "loss_accuracy is nan"),
    ({"loss_accuracy": np.inf}, SubjectError, "loss_accuracy is inf"),
    ({"workers": 0}, SubjectError, "workers is 0.*number of processes"),
    ({"workers": "two"}, SubjectTypeError, "workers is 'two'.*number of processes, a map"),
    ({"workers": 1.5}, SubjectTypeError, "workers is 1.5"),
]


@pytest.mark.parametrize(("options", "error", "message"), BAD)
def test_bad_option_is_named_with_the_remedy(options: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        check_gradients(logcosh, np.tanh, X, **{"rng": 0, **options})


@pytest.mark.parametrize(
    ("dtype", "rtol"),
    [(np.longdouble, 5e-5), (np.float64, 5e-5), (np.float32, 1e-2), (np.float16, 0.2)],
)
def test_default_tolerance_follows_the_type(dtype: Any, rtol: float) -> None:
    assert check_gradients(logcosh, np.tanh, X.astype(dtype), rng=0).rtol == rtol


def test_narrowest_type_sets_the_tolerance() -> None:
    x0 = {"a": X, "b": X.astype(np.float32)}
    report = check_gradients(
        lambda p: logcosh(p["a"]) + logcosh(p["b"]), lambda p: {k: np.tanh(v) for k, v in p.items()}, x0, rng=0
    )
    assert report.rtol == 1e-2


def test_one_worker_is_none() -> None:
    assert check_gradients(logcosh, np.tanh, X, rng=0, workers=1)
    assert not check_gradients(logcosh, lambda x: 2 * np.tanh(x), X, rng=0, workers=1)


def test_two_checks_with_one_generator_differ() -> None:
    rng = np.random.default_rng(0)
    seeds = [check_gradients(logcosh, np.tanh, X, rng=rng).seed for _ in range(2)]
    assert seeds[0] != seeds[1]


def test_tolerance_is_larger_where_the_loss_is_narrow_as_well() -> None:
    class Narrow(TanhModel):
        """Computes with arrays of its own, in float32."""

        def __init__(self) -> None:
            super().__init__()
            self.params = self.own = {name: array.astype(np.float32) for name, array in self.params.items()}
            self.arrays = list(self.params.values())

        def loss(self, inputs: Array, targets: Array) -> Any:
            self.params = dict(zip(self.own, self.arrays, strict=True))
            return np.float32(super().loss(inputs.astype(np.float32), targets.astype(np.float32)))

    wide = TanhModel()
    wide.params = {name: array.astype(np.float32) for name, array in wide.params.items()}
    assert check_gradients(wide, batch=BATCH, rng=0).rtol == 1e-2
    assert check_gradients(Narrow(), batch=BATCH, rng=0).rtol == pytest.approx(3e-2)


@pytest.mark.parametrize("factor", [-1.0, 0.5, 0.0])
def test_without_a_diagnosis_a_check_ends_with_its_verdict(factor: float) -> None:
    def wrong(x: Array) -> Array:
        return factor * np.tanh(x)

    full = check_gradients(logcosh, wrong, X, rng=0)
    short = check_gradients(logcosh, wrong, X, rng=0, diagnose=False)
    assert full.verdict is short.verdict
    assert short.verdict.value == "fail"
    assert full.findings
    assert short.findings == ()
    assert short.evaluations < full.evaluations


@pytest.mark.parametrize("accuracy", [None, 0, 0.0, 1e-5, 0.5, np.float32(1e-3)])
def test_stated_accuracies_change_nothing_for_an_exact_loss(accuracy: Any) -> None:
    assert check_gradients(logcosh, np.tanh, X, rng=0, loss_accuracy=accuracy)
    assert not check_gradients(logcosh, lambda x: -np.tanh(x), X, rng=0, loss_accuracy=accuracy)


def test_a_right_gradient_takes_no_more_without_a_diagnosis() -> None:
    one, other = (check_gradients(logcosh, np.tanh, X, rng=0, diagnose=diagnose) for diagnose in (True, False))
    assert one
    assert other
    assert one.evaluations == other.evaluations
