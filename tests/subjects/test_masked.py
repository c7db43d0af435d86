"""Masked arrays are told from others, also where nobody has loaded `numpy.ma`."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from gradcheck.subjects.masked import is_masked, is_masked_array


@pytest.mark.parametrize(
    ("value", "array", "masked"),
    [
        (np.ma.array([1.0, 2.0], mask=[True, False]), True, True),
        (np.ma.array([1.0, 2.0]), True, False),
        (np.ma.array([1.0], mask=[False]), True, False),
        (np.ma.masked, True, True),
        (np.ones(2), False, False),
        (1.0, False, False),
        (None, False, False),
    ],
)
def test_masks_are_told(value: object, array: bool, masked: bool) -> None:
    assert is_masked_array(value) == array
    assert is_masked(value) == masked


def test_a_check_of_plain_arrays_does_not_load_what_it_does_not_need() -> None:
    script = (
        "import sys, numpy as np, gradcheck\n"
        "assert gradcheck.check_gradients(lambda x: float(x @ x), lambda x: 2 * x, np.ones(3), rng=0)\n"
        "print([name for name in ('numpy.ma', 'optree', 'json', 'rich', 'scipy') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
