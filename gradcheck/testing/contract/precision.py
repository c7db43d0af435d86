"""Promises about types of numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.subjects.layer import INPUT, has_index_input
from gradcheck.testing.contract.passes import cast, run
from gradcheck.testing.contract.workbench import Workbench

Array = NDArray[Any]

#: Of upstream gradients of order one: what is smaller may be no more than what rounding left of a sum that is zero.
SEEN = 1e-9


class Precision(Workbench):
    """Numbers keep their type, and their digits."""

    def test_float64(self) -> None:
        """Doubles stay doubles, and nothing inside is narrower."""
        __tracebackhide__ = True
        self._keeps("float64")

    def test_float32(self) -> None:
        """Singles stay singles, and their gradients are right as far as singles can tell."""
        __tracebackhide__ = True
        self._keeps("float32")

    def _keeps(self, dtype: str) -> None:
        __tracebackhide__ = True
        if dtype not in self.dtypes:
            return
        for shape, layer, x in self._typical():
            given = x if x.dtype.kind != "f" else x.astype(dtype)
            narrow = cast(layer, dtype)
            result = run(narrow, given)
            found = {"the output": result.y}
            found |= {f"the gradient of {name}": g for name, g in result.gradients.items()}
            if has_index_input(layer, x):
                del found[f"the gradient of {INPUT}"]
            for what, array in found.items():
                if array.dtype.kind == "f" and array.dtype != dtype:
                    self._violated(
                        shape,
                        f"{what} is {array.dtype} where input and parameters are {dtype}",
                        "Make arrays with dtype=x.dtype, and constants as Python numbers. If you do not mean to keep "
                        f"{dtype}, leave it out of dtypes.",
                    )
                if dtype == "float64" and what != "the output" and _is_narrow(array):
                    self._violated(
                        shape,
                        f"{what} has the digits of a float32 only",
                        "Look for astype(float32), or a narrow cache.",
                    )
            self._refuse_wrong(self._report(narrow, given), shape, None, f"a gradient in {dtype}")


def _is_narrow(array: Array) -> bool:
    """Whether every entry is a float32, and there are enough of them for that to be no accident."""
    entries = array[np.abs(array) > SEEN]
    return bool(entries.size) and bool(np.array_equal(entries, entries.astype(np.float32)))
