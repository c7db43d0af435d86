"""Adam with decoupled weight decay."""

from __future__ import annotations

from gradcheck.nn.layer import Array
from gradcheck.nn.optimisers.adam import Adam
from gradcheck.nn.optimisers.optimiser import check_not_negative


class AdamW(Adam):
    """Adam with weight decay outside of its averages: the step of Adam, and θ ← θ − η λ θ.

    With a penalty ½ λ ‖θ‖² in the loss, the decay would pass through the averages, and parameters with larger gradients
    would decay less.

    Parameters
    ----------
    rate : float
        Step size η.
    beta1, beta2, eps : float
        As for `Adam`.
    weight_decay : float
        The λ, which is multiplied by the rate, as in PyTorch.

    Notes
    -----
    From I. Loshchilov and F. Hutter, ICLR 2019, whose λ is multiplied by the schedule only, not by the rate.

    Examples
    --------
    >>> import numpy as np
    >>> params = {"W": np.array([1.0, 1.0])}
    >>> AdamW(0.01, weight_decay=0.5).step(params, {"W": np.array([1.0, -100.0])})
    >>> params["W"].round(6)
    array([0.985, 1.005])
    """

    def __init__(
        self,
        rate: float = 0.001,
        *,
        beta1: float = 0.9,
        beta2: float = 0.999,
        eps: float = 1e-8,
        weight_decay: float = 0.01,
    ) -> None:
        super().__init__(rate, beta1=beta1, beta2=beta2, eps=eps)
        check_not_negative("AdamW", weight_decay=weight_decay)
        self.weight_decay = float(weight_decay)

    def _change(self, name: str, value: Array, grad: Array) -> Array:
        return super()._change(name, value, grad) - self.rate * self.weight_decay * value
