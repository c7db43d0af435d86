"""Resilient backpropagation: steps that depend on the signs of gradients only."""

from __future__ import annotations

import numpy as np

from gradcheck.nn.layer import Array
from gradcheck.nn.optimisers.optimiser import Optimiser, check_positive


class IRpropMinus(Optimiser):
    """Step sizes that grow while the sign of the gradient stays the same, and shrink when it changes.

    For each number, with the gradient g and the h of the step before:

    * g h > 0: Δ ← min(η⁺ Δ, Δ_max)
    * g h < 0: Δ ← max(η⁻ Δ, Δ_min), and g ← 0

    then θ ← θ − sign(g) Δ and h ← g. After a change of sign, a parameter stays unchanged for one step, and the
    following step uses Δ unchanged. No step is reverted.

    Parameters
    ----------
    rate : float
        Initial Δ.
    shrink, grow : float
        Factors η⁻ and η⁺.
    smallest, largest : float
        Bounds Δ_min and Δ_max, also for the initial Δ.

    Notes
    -----
    For gradients of all samples: the signs of noisy gradients carry little information. From C. Igel and M. Hüsken,
    Neurocomputing 50 (2003), who call it iRprop⁻, after M. Riedmiller and H. Braun, ICNN 1993. PyTorch's ``Rprop`` is
    the same.

    Examples
    --------
    >>> import numpy as np
    >>> params, optimiser = {"W": np.array([1.0])}, IRpropMinus(0.5)
    >>> for grad in (3.0, 0.1, -7.0, -2.0):
    ...     optimiser.step(params, {"W": np.array([grad])})
    ...     print(params["W"].round(3))
    [0.5]
    [-0.1]
    [-0.1]
    [0.2]
    """

    def __init__(
        self,
        rate: float = 0.01,
        *,
        shrink: float = 0.5,
        grow: float = 1.2,
        smallest: float = 1e-6,
        largest: float = 50.0,
    ) -> None:
        super().__init__(rate)
        check_positive("IRpropMinus", shrink=shrink, grow=grow, smallest=smallest, largest=largest)
        if not shrink < 1 < grow:
            raise ValueError(f"IRpropMinus: shrink must be less than 1 and grow more, got {shrink!r} and {grow!r}")
        if smallest > largest:
            raise ValueError(f"IRpropMinus: smallest must not be more than largest, got {smallest!r} and {largest!r}")
        self.shrink, self.grow = float(shrink), float(grow)
        self.smallest, self.largest = float(smallest), float(largest)

    def _change(self, name: str, value: Array, grad: Array) -> Array:
        last, size = self._kept(name, "sign", value), self._kept(name, "size", value, self.rate)
        sign = np.sign(grad)
        agreement = sign * last
        resized = np.where(agreement > 0, self.grow * size, np.where(agreement < 0, self.shrink * size, size))
        size[...] = np.clip(resized, self.smallest, self.largest)
        last[...] = np.where(agreement < 0, 0, sign)
        return -size * last
