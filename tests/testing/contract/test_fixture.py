"""The batches that a layer is tried on."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gradcheck.errors import SubjectTypeError
from gradcheck.testing.contract.fixture import LayerFixture
from gradcheck.testing.contract.shape_sweep import Shape
from tests.testing.contract.layers import Scale, contract


def fixture(build: Any = lambda shape: Scale(shape[-1]), **options: Any) -> LayerFixture:
    usual: dict[str, Any] = {"axes": 2, "min_samples": 1, "parameters": (), "seed": 0, "rtol": None}
    return LayerFixture("TestIt", build, lambda rng, shape: rng.standard_normal(shape), **(usual | options))


def shapes(tested: LayerFixture) -> list[Shape]:
    return [example.shape for example in tested.examples()]


def test_examples_have_unlike_axes_and_enough_samples() -> None:
    assert shapes(fixture()) == [(3, 4, 2), (2, 3, 5)]
    assert shapes(fixture(min_samples=3)) == [(3, 4, 2), (3, 3, 5)]


def test_a_layer_that_takes_few_shapes_gets_those() -> None:
    assert shapes(fixture(lambda shape: Scale(1) if shape == (1, 1) else None)) == [(4, 1, 1), (3, 1, 1)]
    assert shapes(fixture(lambda shape: Scale(6) if shape == (6, 6) else None)) == [(3, 6, 6)]


def test_a_layer_for_no_shape_is_refused() -> None:
    with pytest.raises(SubjectTypeError, match=r"TestIt.layer\(shape\) returned None for every small shape of 2 axes"):
        shapes(fixture(lambda shape: None))
    with pytest.raises(SubjectTypeError, match="returned None for every small shape of 1 axes"):
        contract(lambda width: None).test_is_deterministic()


def test_a_batch_depends_on_seed_and_shape_only() -> None:
    batches = [fixture(seed=seed).example((2, 3, 3)) for seed in (0, 0, 1)]
    first, again, other = (example.x for example in batches if example is not None)
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


class Drawn(Scale):
    """Its parameter comes from NumPy's global generator."""

    def __init__(self, features: int) -> None:
        super().__init__(features)
        self.s = np.random.standard_normal(features)  # noqa: NPY002


def test_numbers_of_the_global_generator_are_those_of_the_seed() -> None:
    before = np.random.get_state()[1].copy()  # type: ignore[index]  # noqa: NPY002
    first, again, other = (contract(Drawn, seed=seed)._fixture().example((2, 3)) for seed in (1, 1, 2))
    assert first is not None
    assert again is not None
    assert other is not None
    np.testing.assert_array_equal(first.layer.params["s"], again.layer.params["s"])
    assert not np.array_equal(first.layer.params["s"], other.layer.params["s"])
    assert np.array_equal(before, np.random.get_state()[1])  # type: ignore[index]  # noqa: NPY002
