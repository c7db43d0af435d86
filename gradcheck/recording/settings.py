"""Numbers that decide in this room, with what depends on each."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RecordingSettings:
    """Limits of a recording, and what counts as equal.

    Attributes
    ----------
    least_budget : int
        No line is looked for with fewer evaluations of the loss left: two points are recorded, and repairs compared.
    most_values : int
        A recording that makes more values is given up: the sweep and the search take time in proportion.
    most_bytes : int
        A recording that keeps more bytes of arrays is given up, so that a check stays within the memory of its machine.
    equal : float
        Two values are one and the same if they differ by less than this part of the larger norm. Rounding of a few
        operations is below it, and random points make everything else differ by far more.
    roundings : float
        The same for narrower types, in units of their epsilon.
    measured : float
        In place of `equal` where an operation without a rule was measured by differences.
    most_measured : int
        An operation without a rule is measured only if its inputs have at most this many entries: each takes six calls.
    stencil : float
        Step of these differences relative to the size of an entry. The sixth power is their error.
    spread : float
        Standard deviation of the move of a parameter from the user's point, relative to its typical size.
    least_spread : float
        The same for parameters that are zero, as a length.
    most_replays : int
        Substitutions of a value that are tried, each a replay of what depends on it.
    most_jacobian : int
        Matrices with at most this many entries are compared with the derivatives of one forward value by another.
    nearest : int
        Of these values, the ones that were made last before the other are looked at.
    most_repairs : int
        Edits of a line that are tried, each a call of the gradient.
    most_entries : int
        Edits are tried only if the two largest arrays that a line reads have a product of sizes below this: an edit may
        broadcast one against the other.
    simple_factors : tuple of float
        Constants that a line may be off by and that a person writes: these are offered as edits.
    """

    least_budget: int = 10
    most_values: int = 60_000
    most_bytes: int = 500_000_000
    equal: float = 1e-10
    roundings: float = 4096.0
    measured: float = 1e-6
    most_measured: int = 400
    stencil: float = 4e-3
    spread: float = 0.3
    least_spread: float = 0.1
    most_replays: int = 3000
    most_jacobian: int = 64
    nearest: int = 30
    most_repairs: int = 300
    most_entries: int = 20_000_000
    simple_factors: tuple[float, ...] = (2.0, 0.5, 3.0, 4.0, 0.25)


RECORDING = RecordingSettings()
