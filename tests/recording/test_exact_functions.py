"""Functions of NumPy and of direct solvers are exact to rounding; those that stop at a tolerance are not."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.integrate
import scipy.linalg
import scipy.optimize
import scipy.special
from scipy.sparse import linalg as sparse_linalg

from gradcheck.recording.exact_functions import is_to_rounding


@pytest.mark.parametrize("function", [np.exp, np.linalg.solve, scipy.linalg.solve, scipy.special.gamma, len])
def test_what_is_exact_to_rounding(function: Any) -> None:
    assert is_to_rounding(function)


@pytest.mark.parametrize(
    "function", [np.gradient, np.interp, scipy.integrate.quad, scipy.optimize.brentq, sparse_linalg.cg]
)
def test_what_is_not(function: Any) -> None:
    assert not is_to_rounding(function)
