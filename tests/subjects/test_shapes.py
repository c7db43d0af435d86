"""An array gets its shape back in place, without a warning."""

from __future__ import annotations

import numpy as np
import pytest

from gradcheck.subjects.shapes import set_shape


@pytest.mark.filterwarnings("error")
def test_the_array_itself_has_the_shape() -> None:
    array = np.arange(6.0)
    held = array
    set_shape(array, (2, 3))
    assert held is array
    assert held.tolist() == [[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]]


def test_a_shape_that_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="reshape"):
        set_shape(np.arange(6.0), (4, 2))
