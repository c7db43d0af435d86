"""Update rules that average gradients, as terms that can be exchanged one by one.

All of them are θ ← θ − η m/(√s + ε), with m the gradient or an average of it, and s an average of its square, or
nothing. A mistake is committed by putting another term in the place of one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from gradcheck.training.optimisers.track import Array, Track

#: Hyperparameters by name.
Numbers = Mapping[str, float]

#: A number that depends on them.
Number = Callable[[Numbers], float]

#: Steps done so far, this one included; one number an entry, if it is not the same for all.
Counter = Callable[[int, Track], Any]


@dataclass(frozen=True)
class Average:
    """A sum over the steps, a ← keep·a + take·x, from 0.

    Attributes
    ----------
    keep, take : callable
        The weights of what was and of what enters.
    of : callable
        What enters, of a gradient.
    corrected : callable or None
        β, if it is divided by 1 − βᵗ at step t.
    carried : bool
        Whether it is kept from step to step.
    late : bool
        Whether it is used before what enters has entered.
    pooled : "mean", "sum" or None
        Whether what enters is one number for all entries of a block.
    """

    keep: Number
    take: Number
    of: Callable[[Array], Array] = np.asarray
    corrected: Number | None = None
    carried: bool = True
    late: bool = False
    pooled: Literal["mean", "sum"] | None = None

    def step(self, numbers: Numbers, before: Any, grad: Array, block: NDArray[np.intp]) -> Any:
        """Return it with a gradient."""
        entering = self.of(grad)
        if self.pooled is not None:
            total = np.bincount(block, entering) / (np.bincount(block) if self.pooled == "mean" else 1.0)
            entering = total[block]
        return (self.keep(numbers) * before if self.carried else 0.0) + self.take(numbers) * entering

    def correction(self, numbers: Numbers, count: Any) -> Any:
        """What it is divided by."""
        return 1.0 if self.corrected is None else 1.0 - self.corrected(numbers) ** count


def _counted(step: int, track: Track) -> Any:
    return step + 1


@dataclass(frozen=True)
class Averaging:
    """A rule, θ ← θ − η m/(√s + ε).

    Attributes
    ----------
    mean, square : Average or None
        m, the gradient if None; s, and no division if None.
    ahead : bool
        Whether m is one step ahead, g + keep·m.
    root : bool
        Whether the root is taken of s.
    epsilon : str
        Where ε stands: outside the root, inside it, outside but before the correction of s, or nowhere.
    factor : callable
        What the step is multiplied by: the rate η.
    sign : float
        −1 goes down.
    decay : str
        How parameters are shrunk: not at all; with λ θ added to the gradient; by η λ θ beside the step; or by λ θ.
    counter : callable
        How steps are counted.
    reset, shared : bool
        Whether all is forgotten at each call; whether one memory serves all blocks.
    still : tuple of int
        Blocks that are not changed.
    """

    mean: Average | None = None
    square: Average | None = None
    ahead: bool = False
    root: bool = True
    epsilon: Literal["outside", "inside", "uncorrected", "nowhere"] = "outside"
    factor: Number = field(default=lambda numbers: numbers["rate"])
    sign: float = -1.0
    decay: Literal["none", "coupled", "decoupled", "unscaled"] = "none"
    counter: Counter = _counted
    reset: bool = False
    shared: bool = False
    still: tuple[int, ...] = ()

    def path(self, numbers: Numbers, track: Track, steps: int | None = None) -> Array:
        """Parameters at the start and after each step, one row each."""
        theta, memory = track.start.copy(), dict[str, Any]()
        moved = ~np.isin(track.block, self.still)
        rows = [theta.copy()]
        with np.errstate(all="ignore"):
            for step in range(track.steps if steps is None else steps):
                count = self.counter(step, track)
                memory = {} if self.reset else memory
                for part in track.slices if self.shared else (slice(None),):
                    theta[part] += moved[part] * self._change(
                        numbers, memory, track.grads[step][part], theta[part], _of(count, part), track.block[part]
                    )
                rows.append(theta.copy())
        return np.array(rows)

    def _change(
        self, numbers: Numbers, memory: dict[str, Any], grad: Array, theta: Array, count: Any, block: NDArray[np.intp]
    ) -> Any:
        if self.decay == "coupled":
            grad = grad + numbers["weight_decay"] * theta
        direction: Any = grad
        if self.mean is not None:
            direction = _next("mean", self.mean, numbers, memory, grad, block)
            direction = direction / self.mean.correction(numbers, count)
            if self.ahead:
                direction = grad + self.mean.keep(numbers) * direction
        if self.square is not None:
            square = _next("square", self.square, numbers, memory, grad, block)
            direction = direction / self._divisor(numbers, square, self.square.correction(numbers, count))
        change = self.sign * self.factor(numbers) * direction
        if self.decay in ("decoupled", "unscaled"):
            share = numbers["weight_decay"] * (self.factor(numbers) if self.decay == "decoupled" else 1.0)
            change = change - share * theta
        return change

    def _divisor(self, numbers: Numbers, square: Any, correction: Any) -> Any:
        epsilon = numbers["eps"]
        root = np.sqrt if self.root else np.asarray
        match self.epsilon:
            case "outside":
                return root(square / correction) + epsilon
            case "inside":
                return root(square / correction + epsilon)
            case "uncorrected":
                return (root(square) + epsilon) / root(correction)
            case _:
                return root(square / correction)


def _of(count: Any, part: slice) -> Any:
    """The part of a counter, if it is not one number for all."""
    return count[part] if isinstance(count, np.ndarray) else count


def _next(
    name: str, average: Average, numbers: Numbers, memory: dict[str, Any], grad: Array, block: NDArray[np.intp]
) -> Any:
    """The average that is used in this step; the memory is brought up to date."""
    before = memory[name] if name in memory else np.zeros_like(grad)
    memory[name] = average.step(numbers, before, grad, block)
    return before if average.late else memory[name]
