"""Networks with one mistake fail the check, and the same networks without it pass."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import find, given, settings

import gradcheck
from gradcheck.errors import SubjectError
from gradcheck.strategies import BrokenNetwork, DrawnNetwork, broken_networks, networks
from gradcheck.testing.faults import Fault, mutant_network
from tests.profiles import DERANDOMIZE

few = settings(max_examples=15, deadline=None, derandomize=DERANDOMIZE, database=None)


@few
@given(broken_networks())
def test_the_broken_one_fails_and_the_right_one_passes(broken: BrokenNetwork) -> None:
    assert gradcheck.check_gradients(broken.network, batch=broken.batch, rng=0).verdict.value == "fail"
    assert gradcheck.check_gradients(broken.right, batch=broken.batch, rng=0)


@few
@given(broken_networks(networks=networks(max_layers=1), slugs=["zero-gradient", "transposed", "GC101"]))
def test_printed_ones_are_the_same_again(broken: BrokenNetwork) -> None:
    names = {"BrokenNetwork": BrokenNetwork, "DrawnNetwork": DrawnNetwork, "Fault": Fault}
    again = eval(repr(broken), names)
    assert broken.mistake.slug in ("zero-gradient", "transposed", "sign-flipped")
    for name, value in broken.network.gradient(*broken.batch).items():
        np.testing.assert_array_equal(value, again.network.gradient(*again.batch)[name])


def test_they_shrink_to_a_sign_in_the_smallest_network() -> None:
    broken = find(
        broken_networks(networks=networks(max_layers=1)),
        lambda broken: True,
        settings=settings(database=None, derandomize=True),
    )
    assert (broken.mistake.slug, broken.where) == ("sign-flipped", "layers.0.W")
    assert len(broken.right.layers) == 1


def test_places_that_are_not_there_are_refused() -> None:
    network = DrawnNetwork([{"kind": "Dense", "inputs": 1, "outputs": 1}], {"kind": "Huber"}, shape=(1,))
    for place in ("layers.1", "layer.0", "layers.x"):
        with pytest.raises(SubjectError, match="has no place"):
            mutant_network(network, Fault("sign-flipped", "", "W"), place)
