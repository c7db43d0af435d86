"""NumPy's global generator set to a seed for a while: many libraries draw initial weights from it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np


@contextmanager
def global_seed(seed: int) -> Iterator[None]:
    """Set NumPy's global generator to a seed while the context lasts; then it is as it was before."""
    state = np.random.get_state()  # noqa: NPY002 (used by the layers that are built, not by gradcheck)
    np.random.seed(seed)  # noqa: NPY002
    try:
        yield
    finally:
        np.random.set_state(state)  # noqa: NPY002
