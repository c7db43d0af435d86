"""Update rules that average gradients, as formulas whose terms can be replaced one by one.

All of them have the form θ ← θ − η m/(√s + ε). m is the gradient or an average of it; s is an average of its square, or
absent. A mistake replaces one term by another.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from gradcheck.training.optimisers.gradient_sequence import Array, GradientSequence

#: Hyperparameters by name.
Hyperparameters = Mapping[str, float]

#: A number that depends on hyperparameters.
HyperparameterFunction = Callable[[Hyperparameters], float]

#: The step count from the index of a step: one number, or one per entry.
StepCount = Callable[[int, GradientSequence], Any]


@dataclass(frozen=True)
class AverageTerm:
    """A recursive sum over the steps, a ← decay·a + input_weight·x, from 0.

    Attributes
    ----------
    decay, input_weight : callable
        Weights of the previous value and of the input.
    transform : callable
        The input, as a function of the gradient.
    correction : callable or None
        β, if the average is divided by 1 − βᵗ at step t.
    persistent : bool
        Whether the average is kept from step to step.
    lagged : bool
        Whether the average is used before the input of the step has entered it.
    pooled : "mean", "sum" or None
        Whether the input is one number for all entries of a block.
    """

    decay: HyperparameterFunction
    input_weight: HyperparameterFunction
    transform: Callable[[Array], Array] = np.asarray
    correction: HyperparameterFunction | None = None
    persistent: bool = True
    lagged: bool = False
    pooled: Literal["mean", "sum"] | None = None

    def next(self, values: Hyperparameters, previous: Any, grad: Array, block: NDArray[np.intp]) -> Any:
        """The average after a gradient."""
        entering = self.transform(grad)
        if self.pooled is not None:
            total = np.bincount(block, entering) / (np.bincount(block) if self.pooled == "mean" else 1.0)
            entering = total[block]
        return (self.decay(values) * previous if self.persistent else 0.0) + self.input_weight(values) * entering

    def divisor(self, values: Hyperparameters, count: Any) -> Any:
        """The bias correction, by which the average is divided."""
        return 1.0 if self.correction is None else 1.0 - self.correction(values) ** count


def _from_one(step: int, sequence: GradientSequence) -> Any:
    return step + 1


@dataclass(frozen=True)
class AveragingRule:
    """A rule of the form θ ← θ − η m/(√s + ε).

    Attributes
    ----------
    mean, square : AverageTerm or None
        m, or the gradient if None; s, or no division if None.
    look_ahead : bool
        Whether m is replaced by g + decay·m, as in Nesterov's momentum.
    take_root : bool
        Whether the root of s is taken.
    epsilon : str
        Place of ε: outside the root, inside it, outside but before the correction of s, or nowhere.
    step_size : callable
        Factor of the step, η.
    sign : float
        −1 goes downhill.
    weight_decay : str
        How parameters are shrunk: not at all; by adding λ θ to the gradient; by η λ θ beside the step; or by λ θ.
    step_count : callable
        t of the bias correction.
    reset_each_step, shared_state : bool
        Whether all averages are lost at each step; whether one state serves all blocks.
    frozen_blocks : tuple of int
        Blocks that are not changed.
    """

    mean: AverageTerm | None = None
    square: AverageTerm | None = None
    look_ahead: bool = False
    take_root: bool = True
    epsilon: Literal["outside", "inside", "uncorrected", "nowhere"] = "outside"
    step_size: HyperparameterFunction = field(default=lambda values: values["rate"])
    sign: float = -1.0
    weight_decay: Literal["none", "coupled", "decoupled", "unscaled"] = "none"
    step_count: StepCount = _from_one
    reset_each_step: bool = False
    shared_state: bool = False
    frozen_blocks: tuple[int, ...] = ()

    def path(self, values: Hyperparameters, sequence: GradientSequence, steps: int | None = None) -> Array:
        """Parameters at the start and after each step, one row each."""
        theta, state = sequence.start.copy(), dict[str, Any]()
        moved = ~np.isin(sequence.block, self.frozen_blocks)
        rows = [theta.copy()]
        with np.errstate(all="ignore"):
            for step in range(sequence.steps if steps is None else steps):
                count = self.step_count(step, sequence)
                state = {} if self.reset_each_step else state
                for part in sequence.slices if self.shared_state else (slice(None),):
                    own_count = count[part] if isinstance(count, np.ndarray) else count
                    grad, block = sequence.grads[step][part], sequence.block[part]
                    change, state = self._change(values, state, grad, theta[part], own_count, block)
                    theta[part] += moved[part] * change
                rows.append(theta.copy())
        return np.array(rows)

    def _change(
        self,
        values: Hyperparameters,
        state: dict[str, Any],
        grad: Array,
        theta: Array,
        count: Any,
        block: NDArray[np.intp],
    ) -> tuple[Any, dict[str, Any]]:
        """The change of the parameters, and the state after it."""
        new = {}
        if self.weight_decay == "coupled":
            grad = grad + values["weight_decay"] * theta
        direction: Any = grad
        if self.mean is not None:
            direction, new["mean"] = _used_and_next(self.mean, values, state.get("mean"), grad, block)
            direction = direction / self.mean.divisor(values, count)
            if self.look_ahead:
                direction = grad + self.mean.decay(values) * direction
        if self.square is not None:
            square, new["square"] = _used_and_next(self.square, values, state.get("square"), grad, block)
            direction = direction / self._divisor(values, square, self.square.divisor(values, count))
        change = self.sign * self.step_size(values) * direction
        if self.weight_decay in ("decoupled", "unscaled"):
            factor = self.step_size(values) if self.weight_decay == "decoupled" else 1.0
            change = change - values["weight_decay"] * factor * theta
        return change, new

    def _divisor(self, values: Hyperparameters, square: Any, correction: Any) -> Any:
        epsilon = values["eps"]
        root = np.sqrt if self.take_root else np.asarray
        match self.epsilon:
            case "outside":
                return root(square / correction) + epsilon
            case "inside":
                return root(square / correction + epsilon)
            case "uncorrected":
                return (root(square) + epsilon) / root(correction)
            case _:
                return root(square / correction)


def _used_and_next(
    average: AverageTerm, values: Hyperparameters, previous: Any, grad: Array, block: NDArray[np.intp]
) -> tuple[Any, Any]:
    """The value of an average that this step uses, and its value after the step."""
    previous = np.zeros_like(grad) if previous is None else previous
    following = average.next(values, previous, grad, block)
    return (previous if average.lagged else following), following
