from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gradcheck.nn.activations.tanh import Tanh
from gradcheck.nn.layers.concatenate import Concatenate
from gradcheck.nn.layers.dense import Dense
from tests.nn.reference import assert_layer_agrees, redraw, torch


@pytest.mark.parametrize(("samples", "widths"), [(4, (2, 3)), (1, (1, 1))])
@pytest.mark.parametrize("axis", [1, -1])
def test_agrees_with_torch(samples: int, widths: tuple[int, int], axis: int) -> None:
    layer = Concatenate([[Dense(3, widths[0]), Tanh()], Dense(3, widths[1]), Tanh()], axis=axis)
    redraw(layer)
    x = np.random.default_rng(0).standard_normal((samples, 3))

    def function(x: Any, p: Any) -> Any:
        first = torch.tanh(x @ p["branches.0.layers.0.W"] + p["branches.0.layers.0.b"])
        return torch.cat([first, x @ p["branches.1.W"] + p["branches.1.b"], torch.tanh(x)], axis)

    assert_layer_agrees(layer, function, x)


@pytest.mark.parametrize("axis", [1, 2, 3, -1, -3])
def test_images_are_joined_along_any_axis_but_the_samples(axis: int) -> None:
    x = np.random.default_rng(0).standard_normal((2, 3, 4, 5))
    assert_layer_agrees(Concatenate([Tanh(), Tanh()], axis), lambda x, p: torch.cat([torch.tanh(x)] * 2, axis), x)


def test_one_branch_is_that_branch() -> None:
    x = np.random.default_rng(0).standard_normal((2, 3))
    assert_layer_agrees(Concatenate([Tanh()]), lambda x, p: torch.tanh(x), x)


def test_shapes_that_do_not_fit_are_named() -> None:
    class Shortened(Tanh):
        def forward(self, x: np.ndarray) -> np.ndarray:
            return super().forward(x[:, :, 1:])

    with pytest.raises(
        ValueError, match=r"Concatenate.*the same shape except along axis 1, got \(1, 2, 3\), \(1, 2, 2\)"
    ):
        Concatenate([Tanh(), Shortened()]).forward(np.ones((1, 2, 3)))
    for axis in (2, -2):
        with pytest.raises(ValueError, match=f"except along axis {axis}"):
            Concatenate([Tanh(), Tanh()], axis).forward(np.ones((2, 2)))


@pytest.mark.parametrize("axis", [0, 1.0, True, "1"])
def test_an_invalid_axis_is_refused(axis: Any) -> None:
    with pytest.raises(ValueError, match="Concatenate: axis must be a whole number other than 0"):
        Concatenate([Tanh()], axis)


def test_an_object_that_is_not_a_layer_is_refused() -> None:
    with pytest.raises(ValueError, match=r"layer 1 is .*did you mean Tanh\(...\)"):
        Concatenate([Tanh(), Tanh])  # type: ignore[list-item]
    with pytest.raises(ValueError, match="Concatenate: needs at least one layer"):
        Concatenate([])
    shared = Tanh()
    with pytest.raises(ValueError, match=r"branches\.0 and branches\.1 are the same object"):
        Concatenate([shared, shared])


def test_an_error_says_which_branch() -> None:
    with pytest.raises(ValueError, match=r"^branches\.1\.layers\.0: Dense"):
        Concatenate([Tanh(), [Dense(2, 2)]]).forward(np.ones((1, 3)))


def test_backward_before_forward_is_refused() -> None:
    with pytest.raises(ValueError, match="backward before forward"):
        Concatenate([Tanh()]).backward(np.ones((1, 3)))


def test_float32_stays_float32() -> None:
    layer = Concatenate([Dense(3, 2, dtype=np.float32), Tanh()])
    assert layer.forward(np.ones((4, 3), np.float32)).dtype == np.float32
    assert layer.backward(np.ones((4, 5), np.float32)).dtype == np.float32
    assert {g.dtype.name for g in layer.grads.values()} == {"float32"}


def test_the_spec_describes_the_branches() -> None:
    assert Concatenate([[Tanh()], Tanh()], axis=-1).spec() == {
        "kind": "Concatenate",
        "branches": [{"kind": "Sequential", "layers": [{"kind": "Tanh"}]}, {"kind": "Tanh"}],
        "axis": -1,
    }
