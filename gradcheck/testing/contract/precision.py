"""Contract checks of dtypes: arrays keep the dtype of the input, its digits, and have right gradients in it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.subjects.layer import INPUT, has_index_input
from gradcheck.testing.contract.example import Example, Violation
from gradcheck.testing.contract.fixture import LayerFixture
from gradcheck.testing.contract.gradients import wrong_somewhere
from gradcheck.testing.contract.passes import run_passes, with_dtype

Array = NDArray[Any]

#: Entries below this size are skipped when digits are counted. Upstream gradients are of order one, so a smaller entry
#: may be the round-off of a sum that is zero, and such values can have few digits by chance.
ROUNDOFF_SIZE = 1e-9


def loses_precision(fixture: LayerFixture, examples: Collection[Example], dtype: str) -> Violation | None:
    """Run a layer in a dtype, and compare the dtype and the digits of its output and gradients."""
    converted = [_in_dtype(example, dtype) for example in examples]
    for one, other in zip(examples, converted, strict=True):
        violation = _other_dtype(one, other, dtype)
        if violation is not None:
            return violation
    return wrong_somewhere(fixture, converted, f"a gradient in {dtype}")


def _in_dtype(example: Example, dtype: str) -> Example:
    x = example.x if example.x.dtype.kind != "f" else example.x.astype(dtype)
    return replace(example, layer=with_dtype(example.layer, dtype), x=x)


def _other_dtype(example: Example, converted: Example, dtype: str) -> Violation | None:
    """An output or a gradient that has another dtype than asked for, or fewer digits."""
    result = run_passes(converted.layer, converted.x)
    arrays = {f"the gradient of {name}": gradient for name, gradient in result.gradients.items()}
    if has_index_input(example.layer, example.x):
        del arrays[f"the gradient of {INPUT}"]
    for what, array in {"the output": result.y, **arrays}.items():
        if array.dtype.kind == "f" and array.dtype != dtype:
            return Violation(
                example.shape,
                f"{what} is {array.dtype} although input and parameters are {dtype}",
                "Make arrays with dtype=x.dtype, and constants as Python numbers. If the layer is not meant to keep "
                f"{dtype}, leave it out of dtypes.",
            )
        if dtype == "float64" and what in arrays and has_float32_digits(array):
            return Violation(
                example.shape,
                f"{what} has only the digits of float32",
                "Look for astype(float32), or for a cache in float32.",
            )
    return None


def has_float32_digits(array: Array) -> bool:
    """Whether an array has entries above round-off, and float32 holds all of them exactly."""
    entries = array[np.abs(array) > ROUNDOFF_SIZE]
    return bool(entries.size) and bool(np.array_equal(entries, entries.astype(np.float32)))
