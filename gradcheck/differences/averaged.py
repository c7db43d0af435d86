"""A function averaged over steps of slightly different lengths: the same derivative, with less noise."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from gradcheck.differences.noise import noise_of
from gradcheck.differences.richardson import Function
from gradcheck.differences.settings import CONFIRMATION


@dataclass(slots=True)
class Averaged:
    """ψ(t) = mean of (φ(s·t) - φ(0))/s over `count` factors s around 1, so that ψ′(0) = φ′(0).

    Noise that differs from one value to the next is smaller in ψ by the square root of `count`. Where φ is smooth so is
    ψ, and its central differences have a series in even powers of the step, as those of φ have.

    Parameters
    ----------
    function : callable
        φ, which takes several steps at once.
    value : float
        φ(0).
    count : int
        A power of two, at least `ConfirmationSettings.fewest_averaged`: then the factors have few bits, and the steps
        can still be taken exactly.
    """

    function: Function
    value: float
    count: int
    factors: list[float] = field(init=False)
    _rises: dict[float, list[float]] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        # Equally spaced from 3/4 to 3/2, none twice another, so that no value is used twice.
        self.factors = [CONFIRMATION.first_factor * (1 + i / self.count) for i in range(self.count)]

    def __call__(self, steps: Sequence[float]) -> list[float]:
        """Averages at several steps; not finite where one of the values is not."""
        fresh = [step for step in steps if step not in self._rises]
        values = self.function([s * step for step in fresh for s in self.factors])
        for i, step in enumerate(fresh):
            self._rises[step] = [value - self.value for value in values[i * self.count : (i + 1) * self.count]]
        return [
            math.fsum(r / s for r, s in zip(self._rises[step], self.factors, strict=True)) / self.count
            for step in steps
        ]

    def _mean(self, rises: list[float]) -> float:
        return math.fsum(rise / s for rise, s in zip(rises, self.factors, strict=True)) / self.count

    def centre(self, step: float) -> float:
        """ψ(0), from values so close to 0 that φ is the same: averaging must reduce the noise of φ(0), too."""
        steps = [sign * step * s for s in self.factors[::2] for sign in (1.0, -1.0)]
        rise = math.fsum(value - self.value for value in self.function(steps)) / len(steps)
        return rise * math.fsum(1 / s for s in self.factors) / self.count

    def noise(self, step: float) -> float:
        """Bound on the error of half a difference ψ(t) - ψ(-t), from how (φ(s·t) - φ(-s·t))/s wanders as s grows."""
        self([step, -step])
        pairs = zip(self._rises[step], self._rises[-step], self.factors, strict=True)
        return 0.5 * noise_of([(a - b) / s for a, b, s in pairs]).level / math.sqrt(self.count)
