"""Contract checks of side effects: passes change nothing they are given, can be repeated, and are linear backward."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.testing.contract.example import Example, Violation
from gradcheck.testing.contract.passes import (
    PassResult,
    differs,
    random_upstream,
    rounding_noise,
    run_backward,
    run_passes,
)

Array = NDArray[Any]

#: Relative rounding that is allowed when a gradient is recognised as a multiple of another.
MULTIPLE_RTOL = 1e-12


@dataclass(frozen=True)
class LinearitySettings:
    """Factors of the upstream gradients U and V in the test of linearity, which compares the combination aU − bV.

    Attributes
    ----------
    a, b : float
        They give the combination entries of the order of a thousand, beyond every usual clip of gradients. They are
        unlike, so that U and V cannot be exchanged.
    """

    a: float = 1000.0
    b: float = 300.0


LINEARITY = LinearitySettings()


def nondeterministic(example: Example) -> Violation | None:
    """Compare two runs on the same input, bit for bit."""
    first, second = run_passes(example.layer, example.x), run_passes(example.layer, example.x)
    different = _first_difference(first, second)
    if different is None:
        return None
    return Violation(
        example.shape,
        f"{different} differs between two runs on the same input",
        "Draw random numbers (a dropout mask) with a fixed seed, or in a separate method that `forward` does not call.",
    )


def writes_input(example: Example) -> Violation | None:
    """Compare the input after both passes with the input before."""
    given = example.x.copy()
    y = example.layer.forward(given)
    example.layer.backward(random_upstream(np.asarray(y)))
    if np.array_equal(given, example.x):
        return None
    return Violation(
        example.shape,
        "a pass writes into the input",
        "Write y = x * s instead of x *= s; copy an array before you write into it.",
    )


def writes_upstream(example: Example) -> Violation | None:
    """Compare the upstream gradient after the backward pass with the one before."""
    upstream = random_upstream(np.asarray(example.layer.forward(example.x.copy())))
    given = upstream.copy()
    example.layer.backward(given)
    if np.array_equal(given, upstream):
        return None
    return Violation(
        example.shape,
        "backward writes into the upstream gradient, which another branch may still need",
        "Write dx = upstream * mask instead of upstream[~mask] = 0; copy an array before you write into it.",
    )


def writes_parameters(example: Example) -> Violation | None:
    """Compare the parameters after both passes with those before."""
    before = {name: np.array(value) for name, value in example.layer.params.items()}
    run_passes(example.layer, example.x)
    changed = [name for name, value in before.items() if not np.array_equal(example.layer.params[name], value)]
    if not changed:
        return None
    return Violation(
        example.shape, f"a pass changes the parameters: {', '.join(changed)}", "Leave updates to the optimiser."
    )


def nonlinear_backward(example: Example, settings: LinearitySettings = LINEARITY) -> Violation | None:
    """Compare the gradients for aU − bV with a times those for U minus b times those for V."""
    y = np.asarray(example.layer.forward(example.x.copy()))
    u, v = random_upstream(y, 1), random_upstream(y, 2)

    def gradients_of(upstream: Array) -> dict[str, Array]:
        example.layer.forward(example.x.copy())
        return run_backward(example.layer, upstream)

    both = settings.a * u - settings.b * v
    joint, first, second = gradients_of(both), gradients_of(u), gradients_of(v)
    noise = rounding_noise(gradients_of, both)
    for name, found in joint.items():
        if differs(found, settings.a * first[name] - settings.b * second[name], noise[name]):
            return Violation(
                example.shape,
                f"the gradient of {name} is not linear in the upstream gradient",
                "Look for a clip, a sign or a power of the upstream gradient, and for a term that does not contain it.",
            )
    return None


def leaves_state(example: Example, another_batch: Array) -> Violation | None:
    """Repeat the backward pass, then run another batch and the first batch again: the gradients must stay the same."""
    layer, x = example.layer, example.x
    used = copy.deepcopy(layer)
    fresh = run_passes(copy.deepcopy(layer), x)
    upstream = random_upstream(fresh.y)
    run_passes(layer, x, upstream)
    try:
        again = run_backward(layer, upstream)
    except Exception as error:
        return Violation(
            example.shape,
            f"a second backward after one forward raises {type(error).__name__}: {error}",
            "Keep what backward needs until the next forward.",
        )
    for name, first in fresh.gradients.items():
        if not np.array_equal(first, again[name], equal_nan=True):
            return Violation(
                example.shape,
                f"a second backward changes the gradient of {name}{_multiple(again[name], first)}",
                "Assign gradients (=) instead of adding to them (+=), or give the layer a zero_grad().",
            )
    run_passes(used, another_batch)
    different = _first_difference(fresh, run_passes(used, x, upstream))
    if different is None:
        return None
    return Violation(
        example.shape, f"{different} changes after a pass with another batch", "Overwrite the cache in every forward."
    )


def _first_difference(one: PassResult, other: PassResult) -> str | None:
    """Name the first array that differs in any bit; None if all are equal."""
    if not np.array_equal(one.y, other.y, equal_nan=True):
        return "the output"
    for name, gradient in one.gradients.items():
        if not np.array_equal(gradient, other.gradients[name], equal_nan=True):
            return f"the gradient of {name}"
    return None


def _multiple(again: Array, first: Array) -> str:
    """Say by which factor a gradient was multiplied; empty if it is not a multiple."""
    size = float((first * first).sum())
    if not size or again.shape != first.shape:
        return ""
    factor = float((again * first).sum()) / size
    same = np.allclose(again, factor * first, rtol=MULTIPLE_RTOL, atol=0)
    return f": it is {factor:.6g} times as large" if same else ""
