"""Whole networks of all layers and losses, drawn: each has the right gradient, and a planted mistake is found.

The number drawn is 200; with GRADCHECK_FUZZ=2000 in the environment it is 2,000, and not the same ones each time.
"""

from __future__ import annotations

import os
from typing import Any

import numpy as np
from hypothesis import assume, event, given, settings
from hypothesis import strategies as st

import gradcheck
from gradcheck.nn.layer import Array, Layer
from gradcheck.strategies import DrawnNetwork, networks

COUNT = int(os.environ.get("GRADCHECK_FUZZ", "200"))

common = settings(deadline=None, derandomize=COUNT <= 200)


@settings(common, max_examples=COUNT)
@given(networks())
def test_networks_have_the_right_gradient(network: DrawnNetwork) -> None:
    report = gradcheck.check_gradients(network, batch=network.batch, rng=0)
    event(f"verdict {report.verdict.value}")
    largest = max(block.claimed_norm for block in report.blocks.values())
    left = [block for block in report.blocks.values() if not block.passes]
    # A gradient far below the others changes the loss by less than its rounding: that cannot be decided.
    hidden = all(block.claimed_norm <= 1e-10 * largest for block in left)
    assert report.verdict.value != "fail", f"{network!r}\n{report}"
    assert hidden, f"{network!r}\n{report}"


@settings(common, max_examples=max(50, COUNT // 4))
@given(networks(max_layers=2), st.integers(0, 10), st.sampled_from([-1.0, 0.0, 1.01, 2.0]))
def test_a_planted_factor_is_found(network: DrawnNetwork, which: int, factor: float) -> None:
    right = network.loss
    name = list(network.params)[which % len(network.params)]
    _, grads = right(*network.batch)
    scale = max(float(np.abs(grad).max()) for grad in grads.values())
    assume(float(np.abs(grads[name]).max()) > 1e-6 * scale)

    class Wrong:
        params = network.params

        def loss(self, *batch: Any) -> Any:
            value, found = right(*batch)
            return value, found | {name: factor * found[name]}

    report = gradcheck.check_gradients(Wrong(), batch=network.batch, rng=0)
    assert report.blocks[name].verdict.value == "fail", f"{network!r}, {name} times {factor}\n{report}"
    assert {block.name for block in report.blocks.values() if block.verdict.value == "fail"} == {name}


@settings(common, max_examples=max(50, COUNT // 4))
@given(networks(max_layers=2), st.integers(0, 10), st.sampled_from([-1.0, 0.0, 1.01, 2.0]))
def test_a_mistake_inside_a_layer_is_found_in_that_layer(network: DrawnNetwork, which: int, factor: float) -> None:
    position = which % len(network.layers)
    name = f"layers.{position} ({type(network.layers[position]).__name__})"
    right = gradcheck.as_subject(network, batch=network.batch)
    part = next((part for part in right.parts() if part.name == name), None)
    assume(part is not None and part.blocks[0].name == "x" and part.gradient(part.point)[0].any())
    plant(network.layers[position], factor)
    subject = gradcheck.as_subject(network, batch=network.batch)
    found = {part.name: gradcheck.check_gradients(part, rng=0).verdict.value for part in subject.parts()}
    assert [part for part, verdict in found.items() if verdict == "fail"] == [name], f"{network!r}, {name}: {found}"


def plant(layer: Layer, factor: float) -> None:
    """Multiply what a layer passes down."""
    kind = type(layer)

    def backward(self: Layer, upstream: Array) -> Array:
        return factor * kind.backward(self, upstream)

    layer.__class__ = type(kind.__name__, (kind,), {"backward": backward})
