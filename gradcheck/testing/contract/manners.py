"""Promises about manners: nothing is changed, nothing is left behind, and `backward` is linear."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.nn.layer import Layer
from gradcheck.testing.contract.passes import Result, back, differ, noise, run, upstream_of
from gradcheck.testing.contract.workbench import Workbench

Array = NDArray[Any]

#: What upstream gradients are multiplied by.
A, B = 1000.0, 300.0


class Manners(Workbench):
    """Passes can be repeated, in any order, and change nothing that they are given."""

    def test_is_deterministic(self) -> None:
        """The same input gives the same output and the same gradients, bit for bit."""
        __tracebackhide__ = True
        for shape, layer, x in self._typical():
            first, second = run(layer, x), run(layer, x)
            name = _unequal(first, second)
            if name:
                self._violated(
                    shape,
                    f"{name} is another one when the same input comes again",
                    "Draw random numbers from a seed that stays, or draw a mask in a method of its own.",
                )

    def test_leaves_the_input_alone(self) -> None:
        """Neither pass writes into the input."""
        __tracebackhide__ = True
        for shape, layer, x in self._typical():
            given = x.copy()
            y = layer.forward(given)
            layer.backward(upstream_of(np.asarray(y)))
            if not np.array_equal(given, x):
                self._violated(shape, "the input is changed", "Write y = x * s for x *= s; copy before writing.")

    def test_leaves_the_upstream_gradient_alone(self) -> None:
        """The backward pass does not write into what it is given."""
        __tracebackhide__ = True
        for shape, layer, x in self._typical():
            upstream = upstream_of(np.asarray(layer.forward(x.copy())))
            given = upstream.copy()
            layer.backward(given)
            if not np.array_equal(given, upstream):
                self._violated(
                    shape,
                    "the upstream gradient is changed, which another branch may still need",
                    "Write dx = upstream * mask for upstream[~mask] = 0; copy before writing.",
                )

    def test_leaves_the_parameters_alone(self) -> None:
        """Neither pass changes a parameter."""
        __tracebackhide__ = True
        for shape, layer, x in self._typical():
            before = {name: np.array(value) for name, value in layer.params.items()}
            run(layer, x)
            changed = [name for name, value in before.items() if not np.array_equal(layer.params[name], value)]
            if changed:
                self._violated(shape, f"{', '.join(changed)}: changed by a pass", "Leave updates to the optimiser.")

    def test_backward_is_linear(self) -> None:
        """Gradients for aU − bV are a times those for U less b times those for V, beyond every clip."""
        __tracebackhide__ = True
        for shape, layer, x in self._typical():
            y = np.asarray(layer.forward(x.copy()))
            u, v = upstream_of(y, 1), upstream_of(y, 2)

            def of(upstream: Array, layer: Layer = layer, x: Array = x) -> dict[str, Array]:
                layer.forward(x.copy())
                return back(layer, upstream)

            joint, first, second = of(A * u - B * v), of(u), of(v)
            layer.forward(x.copy())
            wanders = noise(_Again(layer, x), A * u - B * v)
            for name, found in joint.items():
                if differ(found, A * first[name] - B * second[name], wanders[name]):
                    self._violated(
                        shape,
                        f"the gradient of {name} is not linear in the upstream gradient",
                        "Look for a clip, a sign or a power of the upstream gradient, and for a term without it.",
                    )

    def test_backward_can_be_repeated(self) -> None:
        """A second `backward` gives what the first gave, and another forward pass leaves nothing behind."""
        __tracebackhide__ = True
        for shape, layer, x in self._typical():
            fresh, used = run(copy.deepcopy(layer), x), copy.deepcopy(layer)
            upstream = upstream_of(fresh.y)
            run(layer, x, upstream)
            try:
                again = back(layer, upstream)
            except Exception as error:
                self._violated(
                    shape,
                    f"a second backward after one forward raises {type(error).__name__}: {error}",
                    "Keep what backward needs until the next forward.",
                )
            name = _unequal(fresh, Result(fresh.y, again))
            if name:
                factor = _factor(again[name], fresh.gradients[name])
                self._violated(
                    shape,
                    f"the gradient of {name} is another one at a second backward{factor}",
                    "Set gradients (=), do not add to them (+=), or give the layer a zero_grad().",
                )
            other = self.input(np.random.default_rng(self.seed + 1), shape)
            run(used, other)
            name = _unequal(fresh, run(used, x, upstream))
            if name:
                self._violated(
                    shape, f"{name} is another one after a pass of another batch", "Renew the cache at every forward."
                )


class _Again(Layer):
    """A layer whose forward pass is repeated before each backward pass."""

    def __init__(self, layer: Layer, x: Array) -> None:
        super().__init__()
        self.layer, self.x, self.params = layer, x, layer.params

    def forward(self, x: Array) -> Array:
        return self.layer.forward(x)

    def backward(self, upstream: Array) -> Array:
        self.layer.forward(self.x.copy())
        downstream = self.layer.backward(upstream)
        self.grads = self.layer.grads
        return downstream


def _unequal(one: Result, other: Result) -> str:
    """Name of what differs in a single bit; "" if nothing does."""
    if not np.array_equal(one.y, other.y, equal_nan=True):
        return "the output"
    return next((n for n, g in one.gradients.items() if not np.array_equal(g, other.gradients[n], equal_nan=True)), "")


def _factor(again: Array, first: Array) -> str:
    """What a gradient was multiplied by, if it was."""
    size = float((first * first).sum())
    factor = float((again * first).sum()) / size if size and again.shape == first.shape else 0.0
    same = size and np.allclose(again, factor * first, rtol=1e-12, atol=0)
    return f": {factor:.6g} times as large" if same else ""
