"""Resilient propagation, as terms that can be exchanged one by one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from gradcheck.training.optimisers.formula import Numbers
from gradcheck.training.optimisers.track import Array, Track


@dataclass(frozen=True)
class Resilient:
    """Steps Δ by the sign of the gradient alone; Δ grows while the sign stays, and shrinks when it changes.

    Attributes
    ----------
    after : str
        What happens after a change of sign. ``"wait"``: no step, and the sign is forgotten (iRprop⁻). ``"go"``: a step,
        and the sign is kept (Rprop⁻). ``"go and forget"``: a step, and the sign is forgotten. ``"wait and keep"``: no
        step, and the sign is kept. ``"back"``: the last step is taken back, and the sign is forgotten (Rprop⁺).
    bounded : bool
        Whether Δ has bounds.
    scaled : bool
        Whether the step is Δ times the gradient, and not its sign.
    grow, shrink : str
        Names of the factors for Δ.
    sign : float
        −1 goes down.
    reset, shared : bool
        Whether all is forgotten at each call; whether one memory serves all blocks.
    still : tuple of int
        Blocks that are not changed.
    """

    after: Literal["wait", "go", "go and forget", "wait and keep", "back"] = "wait"
    bounded: bool = True
    scaled: bool = False
    grow: str = "grow"
    shrink: str = "shrink"
    sign: float = -1.0
    reset: bool = False
    shared: bool = False
    still: tuple[int, ...] = ()

    def path(self, numbers: Numbers, track: Track, steps: int | None = None) -> Array:
        """Parameters at the start and after each step, one row each."""
        theta, memory = track.start.copy(), dict[str, Any]()
        moved = ~np.isin(track.block, self.still)
        rows = [theta.copy()]
        with np.errstate(all="ignore"):
            for grad in track.grads[:steps]:
                memory = {} if self.reset else memory
                for part in track.slices if self.shared else (slice(None),):
                    theta[part] += moved[part] * self._change(numbers, memory, grad[part])
                rows.append(theta.copy())
        return np.array(rows)

    def _change(self, numbers: Numbers, memory: dict[str, Any], grad: Array) -> Array:
        sign = np.sign(grad)
        last = memory.get("sign", np.zeros_like(grad))
        size = memory.get("size", np.full_like(grad, numbers["rate"]))
        agreement = sign * last
        size = size * np.where(agreement > 0, numbers[self.grow], np.where(agreement < 0, numbers[self.shrink], 1.0))
        if self.bounded:
            size = np.clip(size, numbers["smallest"], numbers["largest"])
        changed = agreement < 0
        step = self.sign * size * (grad if self.scaled else sign)
        if self.after in ("wait", "wait and keep"):
            step = np.where(changed, 0.0, step)
        elif self.after == "back":
            step = np.where(changed, -memory.get("step", np.zeros_like(grad)), step)
        forgets = self.after in ("wait", "back", "go and forget")
        memory |= {"size": size, "step": step, "sign": np.where(changed, 0.0, sign) if forgets else sign}
        return np.asarray(step)
