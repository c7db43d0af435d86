"""Resilient propagation (Rprop), as a formula whose terms can be replaced one by one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from gradcheck.training.optimisers.formula import Hyperparameters
from gradcheck.training.optimisers.gradient_sequence import Array, GradientSequence


@dataclass(frozen=True)
class ResilientRule:
    """Steps of size Δ against the sign of the gradient. Δ grows while the sign is constant and shrinks when it changes.

    Attributes
    ----------
    after_sign_change : str
        What happens after a change of sign. ``"wait"``: no step, and the sign is forgotten (iRprop⁻). ``"go"``: a step,
        and the sign is kept (Rprop⁻). ``"go and forget"``: a step, and the sign is forgotten. ``"wait and keep"``: no
        step, and the sign is kept. ``"back"``: the last step is undone, and the sign is forgotten (Rprop⁺).
    bounded : bool
        Whether Δ has bounds.
    scaled : bool
        Whether the step is Δ times the gradient instead of its sign.
    grow, shrink : str
        Names of the hyperparameters that multiply Δ.
    sign : float
        −1 goes downhill.
    reset_each_step, shared_state : bool
        Whether all state is lost at each step; whether one state serves all blocks.
    frozen_blocks : tuple of int
        Blocks that are not changed.
    """

    after_sign_change: Literal["wait", "go", "go and forget", "wait and keep", "back"] = "wait"
    bounded: bool = True
    scaled: bool = False
    grow: str = "grow"
    shrink: str = "shrink"
    sign: float = -1.0
    reset_each_step: bool = False
    shared_state: bool = False
    frozen_blocks: tuple[int, ...] = ()

    def path(self, values: Hyperparameters, sequence: GradientSequence, steps: int | None = None) -> Array:
        """Parameters at the start and after each step, one row each."""
        theta, state = sequence.start.copy(), dict[str, Any]()
        moved = ~np.isin(sequence.block, self.frozen_blocks)
        rows = [theta.copy()]
        with np.errstate(all="ignore"):
            for grad in sequence.grads[:steps]:
                state = {} if self.reset_each_step else state
                for part in sequence.slices if self.shared_state else (slice(None),):
                    state = self._next_state(values, state, grad[part])
                    theta[part] += moved[part] * state["step"]
                rows.append(theta.copy())
        return np.array(rows)

    def _next_state(self, values: Hyperparameters, state: dict[str, Any], grad: Array) -> dict[str, Any]:
        """Δ, the step that is taken, and the sign that is remembered."""
        sign = np.sign(grad)
        agreement = sign * state.get("sign", np.zeros_like(grad))
        size = state.get("size", np.full_like(grad, values["rate"]))
        size = size * np.where(agreement > 0, values[self.grow], np.where(agreement < 0, values[self.shrink], 1.0))
        if self.bounded:
            size = np.clip(size, values["smallest"], values["largest"])
        changed = agreement < 0
        step = self.sign * size * (grad if self.scaled else sign)
        if self.after_sign_change in ("wait", "wait and keep"):
            step = np.where(changed, 0.0, step)
        elif self.after_sign_change == "back":
            step = np.where(changed, -state.get("step", np.zeros_like(grad)), step)
        forgets = self.after_sign_change in ("wait", "back", "go and forget")
        return {"size": size, "step": np.asarray(step), "sign": np.where(changed, 0.0, sign) if forgets else sign}
